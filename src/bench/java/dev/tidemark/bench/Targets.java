package dev.tidemark.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What Tidemark sets out to reach, each a ratio within one run, and whether it does. Pure. */
final class Targets {
    /**
     * One target.
     *
     * @param measured null if the run did not hold what it takes
     */
    record Target(String name, String target, @Nullable Double measured, String unit, boolean reached) {}

    private final Results results;
    private final List<Target> targets = new ArrayList<>();

    private Targets(Results results) {
        this.results = results;
    }

    static List<Target> of(Results results) {
        return new Targets(results).check();
    }

    private List<Target> check() {
        toLimit("append, COPY, against the database's limit", "append", "tidemark-copy", 0.9);
        toLimit("append, multi-row insert, against the database's limit", "append", "tidemark-multi-row", 0.9);
        toLimit("fold, against the database's limit", "fold", "tidemark-fold", 0.85);
        toOthers("append", 1.2);
        toOthers("fold", 1.2);
        toOthers("slow", 0.95);
        // With one connection both are bound by round trips, of which the loop needs three for each record.
        atLeast(
                "append, handler of one record, %d workers, against the textbook loop".formatted(Cells.MANY),
                ratio(speed("append", "tidemark-handle", Cells.MANY), speed("append", "textbook", 1)),
                10);
        atLeast(
                "append, statement and function, 1 worker, against the textbook loop",
                ratio(speed("append", "tidemark-declared", 1), speed("append", "textbook", 1)),
                50);
        latency();
        atLeast(
                "slow handler, 8 workers against 1",
                ratio(speed("slow", "tidemark-handle", 8), speed("slow", "tidemark-handle", 1)),
                7);
        results.figures().forEach(this::figure);
        return targets;
    }

    private void toLimit(String name, String workload, String contender, double bound) {
        atLeast(
                name,
                find(row -> is(row, workload, contender) && row.workers() == 1)
                        .map(Row::ratioToLimit)
                        .orElse(null),
                bound);
    }

    /** At each number of workers that both sides were run with. */
    private void toOthers(String workload, double bound) {
        List<Row> rows = results.workload(workload);
        boolean any = false;
        for (int workers : rows.stream().map(Row::workers).distinct().sorted().toList()) {
            Predicate<Row> comparable = row -> row.workers() == workers && row.partitions() == 8;
            Optional<Row> own = fastest(rows, comparable.and(Row::tidemark));
            Optional<Row> other = fastest(
                    rows, comparable.and(Row::other).and(row -> !row.contender().equals("textbook")));
            if (own.isPresent() && other.isPresent()) {
                any = true;
                atLeast(
                        "%s, the best way against the best other (%s), %s"
                                .formatted(workload, other.get().contender(), Tables.count(workers, "worker")),
                        ratio(own.get().speed(), other.get().speed()),
                        bound);
            }
        }
        if (!any) {
            atLeast(workload + ", the best way against the best other", null, bound);
        }
    }

    private void latency() {
        Double own = find(row -> is(row, "latency-1000", "tidemark-handle"))
                .map(Row::p99Ms)
                .orElse(null);
        Double textbook =
                find(row -> is(row, "latency-1000", "textbook")).map(Row::p99Ms).orElse(null);
        Double ratio = ratio(own, textbook);
        targets.add(new Target(
                "p99 at 1,000 records/s, handler of one record, against the textbook loop",
                "<= 1.00",
                ratio,
                "",
                ratio != null && ratio <= 1));
    }

    private void atLeast(String name, @Nullable Double measured, double bound) {
        targets.add(new Target(
                name,
                String.format(Locale.ROOT, ">= %.2f", bound),
                measured,
                "",
                measured != null && measured >= bound));
    }

    private void figure(Figure figure) {
        Double bound = figure.bound();
        if (bound != null) {
            targets.add(new Target(
                    figure.name(),
                    (figure.atMost() ? "<= " : ">= ") + Tables.number(bound, figure.unit()),
                    figure.value(),
                    figure.unit(),
                    figure.atMost() ? figure.value() <= bound : figure.value() >= bound));
        }
    }

    private @Nullable Double speed(String workload, String contender, int workers) {
        return find(row -> is(row, workload, contender) && row.workers() == workers)
                .map(Row::recordsPerSecond)
                .orElse(null);
    }

    private static boolean is(Row row, String workload, String contender) {
        return row.workload().equals(workload) && row.contender().equals(contender) && row.partitions() == 8;
    }

    private Optional<Row> find(Predicate<Row> wanted) {
        return results.rows().stream().filter(wanted).findFirst();
    }

    static Optional<Row> fastest(List<Row> rows, Predicate<Row> wanted) {
        return rows.stream().filter(wanted.and(row -> row.speed() > 0)).max(Comparator.comparingDouble(Row::speed));
    }

    private static @Nullable Double ratio(@Nullable Double value, @Nullable Double of) {
        return value == null || of == null || of == 0 ? null : value / of;
    }
}
