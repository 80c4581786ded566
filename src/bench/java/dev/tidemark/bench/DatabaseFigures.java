package dev.tidemark.bench;

import dev.tidemark.bench.scale.DatabaseCost;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What some contenders cost the database, as figures. */
final class DatabaseFigures {
    private static final Set<String> CELLS = Set.of(
            "append/textbook/8p/1w",
            "append/diligent-copy/8p/1w",
            "append/spring-copy/8p/1w",
            "append/tidemark-handle/8p/1w",
            "append/tidemark-multi-row/8p/1w",
            "append/tidemark-copy/8p/1w");

    private DatabaseFigures() {}

    /** Whether its cost is reported. */
    static boolean isFor(Cell cell) {
        return CELLS.contains(cell.id());
    }

    static List<Figure> of(Map<Cell, DatabaseCost> costs) {
        List<Figure> figures = new ArrayList<>();
        costs.forEach((cell, cost) -> {
            String who = cell.contender() + ": ";
            figures.add(figure(who + "transactions per million records", cost.transactionsPerMillion(), ""));
            figures.add(figure(who + "WAL per million records", cost.walBytesPerMillion() / 1e6, "MB"));
            if (cost.offsetUpdates() > 0) {
                figures.add(figure(who + "heap-only share of stored_offset's updates", 100 * cost.hotShare(), "%"));
                figures.add(figure(who + "dead rows in stored_offset at the end", (double) cost.deadTuples(), ""));
                figures.add(figure(who + "stored_offset with its index", cost.storedOffsetBytes() / 1e3, "kB"));
            }
        });
        return figures;
    }

    private static Figure figure(String name, double value, String unit) {
        return Figure.of(Figure.DATABASE, name, value, unit);
    }
}
