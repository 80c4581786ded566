package dev.tidemark.bench;

import dev.tidemark.bench.Records.Spread;
import dev.tidemark.bench.kit.Effect;
import java.util.ArrayList;
import java.util.List;

/** What others have built, measured at the same work. */
final class ForeignCells {
    private static final int UNIT = 5_000;

    /** As for all that cannot bound a transaction by time. */
    private static final int SLOW_UNIT = 100;

    /** For those that take the better part of a minute for as many as the others. */
    private static final long SLOWER = 900_000;

    static final Launch SPRING = new Launch("dev.tidemark.bench.springkafka.SpringKafka", "spring-kafka");
    static final Launch CONNECT = new Launch("dev.tidemark.bench.kafkaconnect.KafkaConnect", "kafka-connect");
    static final Launch PARALLEL =
            new Launch("dev.tidemark.bench.parallelconsumer.ParallelConsumer", "parallel-consumer");

    private ForeignCells() {}

    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        cells.add(append("spring-multi-row", SPRING, "batch", Effect.MULTI_ROW, Cells.MEDIUM));
        cells.add(append("spring-copy", SPRING, "batch", Effect.COPY_BINARY, Cells.FAST));
        cells.add(append("spring-inbox", SPRING, "inbox", Effect.MULTI_ROW, SLOWER));
        cells.add(append("connect-multi-row", CONNECT, "", Effect.MULTI_ROW, SLOWER));
        cells.add(append("parallel-multi-row", PARALLEL, "unordered", Effect.MULTI_ROW, SLOWER));
        cells.add(append("parallel-copy", PARALLEL, "unordered", Effect.COPY_BINARY, SLOWER));
        cells.add(fold("spring-fold", SPRING, "batch", Cells.FAST));
        cells.add(fold("spring-inbox-fold", SPRING, "inbox", SLOWER));
        // By partition it takes one record of each partition at a time, eight a transaction. Counting needs no order.
        cells.add(fold("parallel-fold", PARALLEL, "unordered", SLOWER));
        cells.add(slow("spring-slow", SPRING, "batch", 1, 3_000));
        cells.add(slow("spring-slow", SPRING, "batch", 8, 24_000));
        cells.add(slow("parallel-slow", PARALLEL, "key", 1, 3_000));
        cells.add(slow("parallel-slow", PARALLEL, "key", 8, 24_000));
        return cells;
    }

    private static Cell append(String contender, Launch launch, String variant, Effect effect, long records) {
        return new Cell("append", contender, launch, variant, effect, Spread.ROUND_ROBIN, 8, 1, UNIT, records);
    }

    private static Cell fold(String contender, Launch launch, String variant, long records) {
        return new Cell("fold", contender, launch, variant, Effect.FOLD, Spread.BY_ORIGIN, 8, 1, UNIT, records);
    }

    private static Cell slow(String contender, Launch launch, String variant, int workers, long records) {
        return new Cell(
                "slow",
                contender,
                launch,
                variant,
                Effect.SLOW,
                Spread.ROUND_ROBIN_KEYS,
                8,
                workers,
                SLOW_UNIT,
                records);
    }
}
