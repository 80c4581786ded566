package dev.tidemark.bench;

import dev.tidemark.bench.kit.Effect;
import java.util.ArrayList;
import java.util.List;

/** What others have built, measured at the same work. */
final class ForeignCells {
    /** For those that take the better part of a minute for as many as the others. */
    private static final long SLOWER = 900_000;

    static final Launch SPRING = new Launch("dev.tidemark.bench.springkafka.SpringKafka", "spring-kafka");
    static final Launch CONNECT = new Launch("dev.tidemark.bench.kafkaconnect.KafkaConnect", "kafka-connect");
    static final Launch PARALLEL =
            new Launch("dev.tidemark.bench.parallelconsumer.ParallelConsumer", "parallel-consumer");

    private ForeignCells() {}

    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        cells.add(Cells.append("spring-multi-row", SPRING, "batch", Effect.MULTI_ROW, Cells.MEDIUM));
        cells.add(Cells.append("spring-copy", SPRING, "batch", Effect.COPY_BINARY, Cells.FAST));
        cells.add(Cells.append("spring-inbox", SPRING, "inbox", Effect.MULTI_ROW, SLOWER));
        cells.add(Cells.append("connect-multi-row", CONNECT, "", Effect.MULTI_ROW, SLOWER));
        cells.add(Cells.append("parallel-multi-row", PARALLEL, "unordered", Effect.MULTI_ROW, SLOWER));
        cells.add(Cells.append("parallel-copy", PARALLEL, "unordered", Effect.COPY_BINARY, SLOWER));
        cells.add(Cells.fold("spring-fold", SPRING, "batch", Effect.FOLD, Cells.FAST));
        cells.add(Cells.fold("spring-inbox-fold", SPRING, "inbox", Effect.FOLD, SLOWER));
        // By partition it takes one record of each partition at a time, eight a transaction. Counting needs no order.
        cells.add(Cells.fold("parallel-fold", PARALLEL, "unordered", Effect.FOLD, SLOWER));
        cells.add(Cells.slow("spring-slow", SPRING, "batch", Cells.SLOW_UNIT, 1, 3_000));
        cells.add(Cells.slow("spring-slow", SPRING, "batch", Cells.SLOW_UNIT, 8, 24_000));
        cells.add(Cells.slow("parallel-slow", PARALLEL, "key", Cells.SLOW_UNIT, 1, 3_000));
        cells.add(Cells.slow("parallel-slow", PARALLEL, "key", Cells.SLOW_UNIT, 8, 24_000));
        return cells;
    }
}
