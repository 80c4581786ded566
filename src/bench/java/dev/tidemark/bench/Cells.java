package dev.tidemark.bench;

import dev.tidemark.bench.Records.Spread;
import dev.tidemark.bench.contender.Embedded;
import dev.tidemark.bench.contender.Limit;
import dev.tidemark.bench.contender.Loop;
import dev.tidemark.bench.contender.Polling;
import dev.tidemark.bench.kit.Effect;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that is measured. How many records a cell takes is set so that about ten seconds are measured at most, after twice
 * as many records that only let the JVM compile what it runs: before, all are measured as slow as their code is long.
 */
final class Cells {
    private static final int UNIT = 5_000;

    /** A quarter of a second's work: who cannot bound a transaction by time must bound it so. */
    static final int SLOW_UNIT = 100;

    /** A worker for each of the eight partitions: as many as can be of use. */
    static final int MANY = 8;

    static final long FAST = 9_000_000;

    /** Where no target asks. */
    private static final long SHORTER = 6_000_000;

    /** For inserts, which are slower. */
    static final long MEDIUM = 2_500_000;

    private static final Launch LIMIT = Launch.plain(Limit.class);
    private static final Launch LOOP = Launch.plain(Loop.class);
    private static final Launch TIDEMARK = new Launch(Embedded.class.getName(), Launch.TIDEMARK);

    private Cells() {}

    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>(compared());
        cells.addAll(spread(cells));
        return cells;
    }

    /** Those that the targets are about; the others only tell more. */
    static List<Cell> compared() {
        List<Cell> cells = new ArrayList<>();
        cells.addAll(append());
        cells.addAll(fold());
        cells.addAll(slow());
        cells.addAll(ForeignCells.all());
        return cells;
    }

    /** The fastest ways again, on other numbers of partitions and with more workers. */
    private static List<Cell> spread(List<Cell> cells) {
        List<Cell> more = new ArrayList<>();
        for (String contender : List.of("diligent-copy", "tidemark-copy")) {
            Cell cell = find(cells, "append/" + contender + "/8p/1w");
            more.add(cell.withPartitions(1).withMaxRecords(SHORTER));
            more.add(cell.withPartitions(64).withMaxRecords(SHORTER));
        }
        for (String id : List.of(
                "append/limit-copy-binary/8p/1w",
                "append/tidemark-copy/8p/1w",
                "fold/limit-fold/8p/1w",
                "fold/tidemark-fold/8p/1w")) {
            more.add(find(cells, id).withWorkers(2).withMaxRecords(SHORTER));
            more.add(find(cells, id).withWorkers(4).withMaxRecords(SHORTER));
        }
        more.add(find(cells, "append/spring-copy/8p/1w").withWorkers(2).withMaxRecords(SHORTER));
        more.add(find(cells, "fold/spring-fold/8p/1w").withWorkers(2).withMaxRecords(SHORTER));
        return more;
    }

    private static Cell find(List<Cell> cells, String id) {
        return cells.stream().filter(cell -> cell.id().equals(id)).findFirst().orElseThrow();
    }

    private static List<Cell> append() {
        List<Cell> cells = new ArrayList<>();
        cells.add(append("limit-copy-binary", LIMIT, "", Effect.COPY_BINARY, FAST));
        cells.add(append("limit-copy-text", LIMIT, "", Effect.COPY_TEXT, FAST));
        cells.add(append("limit-row", LIMIT, "", Effect.ROW, 100_000));
        cells.add(append("limit-multi-row", LIMIT, "", Effect.MULTI_ROW, MEDIUM));
        cells.add(new Cell(
                "poll",
                "limit-polling",
                Launch.plain(Polling.class),
                "",
                Effect.COPY_BINARY,
                Spread.ROUND_ROBIN,
                8,
                1,
                UNIT,
                FAST));
        cells.add(append("textbook", LOOP, "textbook", Effect.ROW, 20_000));
        cells.add(append("diligent-copy", LOOP, "diligent", Effect.COPY_BINARY, FAST));
        cells.add(append("diligent-multi-row", LOOP, "diligent", Effect.MULTI_ROW, MEDIUM));
        Cell handle = append("tidemark-handle", TIDEMARK, "handle", Effect.ROW, 100_000);
        cells.add(handle);
        cells.add(handle.withWorkers(MANY).withMaxRecords(300_000));
        cells.add(append("tidemark-declared", TIDEMARK, "declared", Effect.MULTI_ROW, MEDIUM));
        cells.add(append("tidemark-multi-row", TIDEMARK, "handleBatch", Effect.MULTI_ROW, MEDIUM));
        cells.add(append("tidemark-copy", TIDEMARK, "handleBatch", Effect.COPY_BINARY, FAST));
        return cells;
    }

    static Cell append(String contender, Launch launch, String variant, Effect effect, long records) {
        return new Cell("append", contender, launch, variant, effect, Spread.ROUND_ROBIN, 8, 1, UNIT, records);
    }

    private static List<Cell> fold() {
        List<Cell> cells = new ArrayList<>();
        cells.add(fold("limit-fold", LIMIT, "", Effect.FOLD, FAST));
        cells.add(fold("textbook", LOOP, "textbook", Effect.FOLD_ROW, 20_000));
        cells.add(fold("diligent-fold", LOOP, "diligent", Effect.FOLD, FAST));
        cells.add(fold("tidemark-handle", TIDEMARK, "handle", Effect.FOLD_ROW, 60_000));
        cells.add(fold("tidemark-declared", TIDEMARK, "declared", Effect.FOLD_ROW, 800_000));
        cells.add(fold("tidemark-fold", TIDEMARK, "handleBatch", Effect.FOLD, FAST));
        return cells;
    }

    static Cell fold(String contender, Launch launch, String variant, Effect effect, long records) {
        return new Cell("fold", contender, launch, variant, effect, Spread.BY_ORIGIN, 8, 1, UNIT, records);
    }

    private static List<Cell> slow() {
        List<Cell> cells = new ArrayList<>();
        cells.add(slow("limit-slow", LIMIT, "", SLOW_UNIT, 1, 3_000));
        cells.add(slow("diligent-slow", LOOP, "diligent", SLOW_UNIT, 1, 3_000));
        cells.add(slow("tidemark-handle", TIDEMARK, "handle", UNIT, 1, 3_000));
        cells.add(slow("tidemark-handle", TIDEMARK, "handle", UNIT, 8, 24_000));
        return cells;
    }

    static Cell slow(String contender, Launch launch, String variant, int unitRecords, int workers, long records) {
        return new Cell(
                "slow",
                contender,
                launch,
                variant,
                Effect.SLOW,
                Spread.ROUND_ROBIN_KEYS,
                8,
                workers,
                unitRecords,
                records);
    }
}
