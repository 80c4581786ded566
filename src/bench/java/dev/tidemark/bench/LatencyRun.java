package dev.tidemark.bench;

import dev.tidemark.bench.kit.Task;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Runs a cell once while its records are sent at a steady rate, and measures how long each takes. */
final class LatencyRun {
    /** What the workload's name begins with; the rate follows. */
    static final String WORKLOAD = "latency-";

    /** How long records are sent, warm-up included. */
    static final int SECONDS = 24;

    /** With four the compiler still takes most of both processors, and that is what is measured. */
    private static final int WARM_UP_SECONDS = 14;

    /** After these it may catch up: a backlog from its first, slow seconds would be in every record's latency. */
    private static final int COLD_SECONDS = 3;

    /** Who is this far behind will not catch up. */
    private static final int BACKLOG_SECONDS = 4;

    /** Below this share of the rate that was sent, it did not keep up. */
    private static final double KEPT_UP = 0.97;

    private static final Duration START = Duration.ofSeconds(45);
    private static final Duration WARMING = Duration.ofSeconds(10);
    private static final Duration CATCHING_UP = Duration.ofSeconds(60);

    private final Rig rig;
    private final Turn turn;
    private int runs;

    LatencyRun(Rig rig, Turn turn) {
        this.rig = rig;
        this.turn = turn;
    }

    static boolean isFor(Cell cell) {
        return cell.workload().startsWith(WORKLOAD);
    }

    /** Records sent a second. */
    static int rate(Cell cell) {
        return Integer.parseInt(cell.workload().substring(WORKLOAD.length()));
    }

    /** Empty if the contender did not finish. */
    Optional<Run> run(Cell cell) {
        String group = cell.id().replace('/', '-') + "-" + ++runs;
        rig.createTopic(group, cell.partitions());
        TestDatabase database = rig.database();
        try (SteadyProducer producer = new SteadyProducer(rig, group, cell.partitions());
                Intake intake = new Intake(database, producer)) {
            Task task = new Task(
                    rig.kafka.bootstrapServers(),
                    database.owner().jdbcUrl() + "&reWriteBatchedInserts=true",
                    group,
                    group,
                    cell.effect(),
                    cell.variant(),
                    cell.partitions(),
                    cell.workers(),
                    cell.unitRecords(),
                    cell.records(),
                    (long) rate(cell) * WARM_UP_SECONDS,
                    true);
            Path log = Path.of("target", "bench", "logs", group + ".log");
            long serverBefore = rig.serverCpu();
            long brokerBefore = CpuTime.ofTree(rig.kafka.pid());
            Optional<Run> measured;
            try (ChildJvm process = turn.start(cell.launch(), task, log)) {
                measured = measure(cell, process, producer, intake);
            }
            double million = producer.sent() / 1e6;
            double server = (rig.serverCpu() - serverBefore) / 1e9 / million;
            double broker = (CpuTime.ofTree(rig.kafka.pid()) - brokerBefore) / 1e9 / million;
            boolean exact = rig.records.isExact(database, cell.effect().folds(), producer.sent());
            return measured.map(run -> new Run(
                    cell,
                    run.result().with(server, broker, exact),
                    run.saturated(),
                    run.checked(),
                    run.producerLagMs()));
        } finally {
            rig.drop(database);
        }
    }

    private static Optional<Run> measure(Cell cell, ChildJvm process, SteadyProducer producer, Intake intake) {
        if (!isReady(process, producer, intake)) {
            return Optional.empty();
        }
        int rate = rate(cell);
        producer.sendAll((long) rate * COLD_SECONDS, rate, () -> false);
        intake.awaitAll(WARMING);
        intake.watch((long) rate * BACKLOG_SECONDS);
        producer.sendAll(cell.records(), rate, intake::isBehind);
        if (intake.isBehind()) {
            // It waits for records that will not be sent; those that were are all that the truth needs.
            boolean caughtUp = intake.awaitAll(CATCHING_UP);
            Result result =
                    new Result(producer.sent(), intake.speed(), Double.NaN, Double.NaN, null, null, null, 0, 0, false);
            return Optional.of(new Run(cell, result, true, caughtUp, producer.lagMs()));
        }
        return Turn.await(process)
                .map(result ->
                        new Run(cell, result, result.recordsPerSecond() < KEPT_UP * rate, true, producer.lagMs()));
    }

    /** Sends single records until one has come through. */
    private static boolean isReady(ChildJvm process, SteadyProducer producer, Intake intake) {
        long deadline = System.nanoTime() + START.toNanos();
        while (System.nanoTime() < deadline && process.isAlive()) {
            producer.send();
            if (intake.awaitFirst(Duration.ofMillis(200))) {
                return true;
            }
        }
        return false;
    }
}
