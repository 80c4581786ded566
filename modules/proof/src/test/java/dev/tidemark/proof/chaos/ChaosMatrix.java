package dev.tidemark.proof.chaos;

import dev.tidemark.proof.chaos.fault.Fault;
import dev.tidemark.proof.chaos.fault.Faults;
import dev.tidemark.proof.chaos.report.ReportWriter;
import dev.tidemark.proof.chaos.report.ResultFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs cells on one pair of servers, one after the other, keeps each result, and writes the report anew after each. */
public final class ChaosMatrix implements AutoCloseable {
    private final RunSettings settings;
    private final ResultFiles results;
    private final ReportWriter report;
    private ServerPair servers;

    /**
     * Runs nothing yet.
     *
     * @param directory of results and report; cells that have a result there are not run again
     */
    public ChaosMatrix(RunSettings settings, Path directory) {
        this.settings = settings;
        this.results = new ResultFiles(directory);
        Map<String, String> titles = new LinkedHashMap<>();
        Faults.all().forEach(fault -> titles.put(fault.id(), fault.title()));
        this.report = new ReportWriter(directory, titles);
    }

    /** The cells that {@code -Dcells} selects. */
    static List<Cell> selected(String defaultSelection) {
        List<Fault> faults = Faults.all();
        String cells = System.getProperty("cells", "");
        String selection = cells.isBlank() ? defaultSelection : cells;
        return Cell.matrix(faults).stream()
                .filter(cell -> cell.matches(selection))
                .toList();
    }

    /** Runs a cell, or returns what it came to when it ran before. */
    CellResult run(Cell cell) throws SQLException, IOException {
        var known = results.read(cell.name());
        if (known.isPresent()) {
            System.out.println(cell.name() + ": has run before: " + known.get().verdict());
            return known.get();
        }
        CellResult result = runNow(cell);
        results.write(result);
        report.write(results.readAll());
        System.out.println(cell.name() + ": " + result.verdict());
        result.findings().forEach(finding -> System.out.println("    " + finding.line()));
        return result;
    }

    private CellResult runNow(Cell cell) throws SQLException, IOException {
        if (cell.fault().needsCluster() || cell.fault().needsOwnServers()) {
            try (ServerPair own = cell.fault().needsCluster() ? ServerPair.startCluster() : ServerPair.start()) {
                return new CellRun(cell, settings).run(own);
            }
        }
        if (servers == null) {
            servers = ServerPair.start();
        }
        try {
            return new CellRun(cell, settings).run(servers);
        } catch (RuntimeException e) {
            // Whatever the servers are like now, the next cell is not to suffer from it.
            close();
            throw e;
        }
    }

    @Override
    public void close() {
        if (servers != null) {
            servers.close();
            servers = null;
        }
    }

    /** The same without a test runner. */
    public static void main(String[] args) throws Exception {
        RunSettings settings = RunSettings.given(20);
        try (ChaosMatrix matrix =
                new ChaosMatrix(settings, Path.of(System.getProperty("results", "target/chaos-results")))) {
            for (Cell cell : selected("")) {
                CellResult unused = matrix.run(cell);
            }
        }
        System.exit(0);
    }
}
