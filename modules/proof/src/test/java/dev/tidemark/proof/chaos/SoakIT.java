package dev.tidemark.proof.chaos;

import dev.tidemark.proof.chaos.CellResult.Mark;
import dev.tidemark.proof.chaos.fault.MixedFault;
import dev.tidemark.proof.chaos.report.OffsetChart;
import dev.tidemark.proof.chaos.soak.Usage;
import dev.tidemark.proof.check.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A run of hours with random faults: {@code -Dlasting}, {@code -Dseed} and {@code -Dresults}. Exact, and nothing grows. */
@Tag("soak")
@Execution(ExecutionMode.SAME_THREAD)
class SoakIT {
    private static final Duration LASTING = Duration.parse(System.getProperty("lasting", "PT1H"));
    private static final Path RESULTS = Path.of(System.getProperty("results", "target/soak"));

    @Test
    void aLongRunIsExactAndNothingGrows() throws SQLException, IOException {
        Files.createDirectories(RESULTS);
        Cell cell = new Cell(MixedFault.ofLongRun(), Protocol.COOPERATIVE, Mode.MANY);
        try (ServerPair servers = ServerPair.start();
                Usage usage = new Usage()) {
            CellResult result = new CellRun(cell, RunSettings.given(0), new Watch(usage)).run(servers);
            Files.writeString(RESULTS.resolve("soak-offsets.svg"), OffsetChart.svg(result));
            usage.draw(RESULTS.resolve("soak-usage.svg"), result.marks());
            String report = report(result);
            Files.writeString(RESULTS.resolve("soak.md"), report);
            System.out.println(report);
            Assertions.assertTrue(result.isExact(), report);
        }
    }

    private static String report(CellResult result) {
        List<Long> times = result.marks().stream().map(Mark::at).sorted().toList();
        long longest = 0;
        for (int i = 1; i < times.size(); i++) {
            longest = Math.max(longest, times.get(i) - times.get(i - 1));
        }
        double seconds = (times.get(times.size() - 1) - times.get(0)) / 1e3;
        return String.format(
                "# Soak%n%nSeed %d, %.0f minutes, %d records, %d faults: one every %.1f s, at most %.0f s apart. Verdict: %s%n%n%s%n",
                result.seed(),
                seconds / 60,
                result.records(),
                times.size(),
                seconds / Math.max(1, times.size() - 1),
                longest / 1e3,
                result.verdict(),
                result.findings().stream()
                        .map(finding -> "    " + finding.line())
                        .collect(Collectors.joining("\n")));
    }

    /** Ends after a time. */
    private static final class Watch implements RunWatch {
        private final Usage usage;
        private final long end = System.nanoTime() + LASTING.toNanos();
        private Finding flat;

        Watch(Usage usage) {
            this.usage = usage;
        }

        @Override
        public boolean goesOn(int done) {
            usage.faults(done);
            return System.nanoTime() < end;
        }

        @Override
        public void started(World world) {
            // PostgreSQL's default is a minute; the servers of short tests are told an hour.
            world.database().superuser().execute("alter system set autovacuum_naptime = '1min'");
            world.database().superuser().execute("select pg_reload_conf()");
            usage.begin(
                    world,
                    LASTING.dividedBy(400).compareTo(Duration.ofSeconds(1)) < 0
                            ? Duration.ofSeconds(1)
                            : LASTING.dividedBy(400));
        }

        @Override
        public void ending() {
            usage.close();
            flat = usage.finding();
        }

        @Override
        public List<Finding> findings() {
            return List.of(flat);
        }
    }
}
