package dev.tidemark.bench;

import dev.tidemark.bench.Records.Spread;
import dev.tidemark.bench.contender.Embedded;
import dev.tidemark.bench.contender.Loop;
import dev.tidemark.bench.kit.Effect;
import java.util.ArrayList;
import java.util.List;

/** How long a record takes from its sending to its commit, at rates that leave everybody time. */
final class LatencyCells {
    static final List<Integer> RATES = List.of(1_000, 10_000);

    private static final Launch LOOP = Launch.plain(Loop.class);
    private static final Launch TIDEMARK = new Launch(Embedded.class.getName(), Launch.TIDEMARK);

    private LatencyCells() {}

    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        for (int rate : RATES) {
            cells.add(cell(rate, "textbook", LOOP, "textbook", Effect.ROW));
            cells.add(cell(rate, "diligent-multi-row", LOOP, "diligent", Effect.MULTI_ROW));
            cells.add(cell(rate, "spring-multi-row", ForeignCells.SPRING, "batch", Effect.MULTI_ROW));
            cells.add(cell(rate, "connect-multi-row", ForeignCells.CONNECT, "", Effect.MULTI_ROW));
            cells.add(cell(rate, "tidemark-handle", TIDEMARK, "handle", Effect.ROW));
            cells.add(cell(rate, "tidemark-multi-row", TIDEMARK, "handleBatch", Effect.MULTI_ROW));
        }
        return cells;
    }

    /** A contender's cell at one of the {@link #RATES}. */
    static Cell cell(int rate, String contender, Launch launch, String variant, Effect effect) {
        return new Cell(
                LatencyRun.WORKLOAD + rate,
                contender,
                launch,
                variant,
                effect,
                Spread.ROUND_ROBIN,
                8,
                1,
                5_000,
                (long) rate * LatencyRun.SECONDS);
    }
}
