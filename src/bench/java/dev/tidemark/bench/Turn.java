package dev.tidemark.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import dev.tidemark.bench.scale.DatabaseCost;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs a cell once: its own process, a database of its own, and the truth checked at the end. */
final class Turn {
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private final Rig rig;
    private final ClassPaths classPaths;
    private int runs;

    Turn(Rig rig, ClassPaths classPaths) {
        this.rig = rig;
        this.classPaths = classPaths;
    }

    /**
     * Empty if the contender did not finish.
     *
     * @param costs gets what the run cost the database, for cells that this is told of and that are not there yet
     */
    Optional<Result> run(Cell cell, Map<Cell, DatabaseCost> costs) {
        rig.fill(cell.topic(), cell.spread(), cell.partitions(), cell.records());
        TestDatabase database = rig.database();
        try {
            String group = cell.id().replace('/', '-') + "-" + ++runs;
            Task task = new Task(
                    rig.kafka.bootstrapServers(),
                    database.owner().jdbcUrl() + "&reWriteBatchedInserts=true",
                    cell.topic(),
                    group,
                    cell.effect(),
                    cell.variant(),
                    cell.partitions(),
                    cell.workers(),
                    cell.unitRecords(),
                    cell.records(),
                    cell.records() * 2 / 3,
                    false);
            Path log = Path.of("target", "bench", "logs", group + ".log");
            boolean counts = DatabaseFigures.isFor(cell) && !costs.containsKey(cell);
            DatabaseCost.Snapshot before = counts ? DatabaseCost.snapshot(database) : null;
            long serverBefore = rig.serverCpu();
            long brokerBefore = CpuTime.ofTree(rig.kafka.pid());
            Optional<Result> measured;
            try (ChildJvm process = start(cell.launch(), task, log)) {
                measured = await(process);
            }
            double million = cell.records() / 1e6;
            double server = (rig.serverCpu() - serverBefore) / 1e9 / million;
            double broker = (CpuTime.ofTree(rig.kafka.pid()) - brokerBefore) / 1e9 / million;
            if (before != null && measured.isPresent()) {
                costs.put(cell, before.until(DatabaseCost.snapshot(database), cell.records()));
            }
            boolean exact = cell.workload().equals("poll")
                    || rig.records.isExact(database, cell.effect().folds(), cell.records());
            return measured.map(result -> result.with(server, broker, exact));
        } finally {
            rig.drop(database);
        }
    }

    ChildJvm start(Launch launch, Task task, Path log) {
        return ChildJvm.start(log, classPaths.of(launch), launch.main(), jvmArgs(log), task.args());
    }

    /** The same for all; with {@code -Djfr} each process leaves a recording next to its log. */
    private static List<String> jvmArgs(Path log) {
        List<String> args = new ArrayList<>(List.of("-Xmx1g", "-Dlogback.configurationFile=logback-bench.xml"));
        if (System.getProperty("jfr") != null) {
            args.add("-XX:StartFlightRecording=settings=profile,filename=" + log + ".jfr");
        }
        return args;
    }

    static Optional<Result> await(ChildJvm process) {
        int exit = process.await(Contender.PATIENCE.toSeconds() + 60);
        return exit != 0
                ? Optional.empty()
                : process.output()
                        .lines()
                        .filter(line -> line.startsWith(Meter.RESULT))
                        .map(line -> read(line.substring(Meter.RESULT.length())))
                        .reduce((first, last) -> last);
    }

    private static Result read(String json) {
        try {
            return JSON.readValue(json, Result.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(json, e);
        }
    }
}
