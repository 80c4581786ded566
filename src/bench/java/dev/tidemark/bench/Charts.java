package dev.tidemark.bench;

import dev.tidemark.bench.BarChart.Bar;
import dev.tidemark.bench.BarChart.Group;
import dev.tidemark.bench.BarChart.Kind;
import dev.tidemark.bench.kit.Effect;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/** Which charts there are, and what is in them. Pure. */
final class Charts {
    private static final String RATE =
            "records per second; in brackets the share of the limit; thin lines span all runs";
    private static final String LIMIT =
            "dashed is the limit: the same statement from memory, without Kafka and offsets";

    private Charts() {}

    /** By name; those for which nothing was measured are left out. */
    static Map<String, String> of(Results results) {
        Map<String, String> charts = new LinkedHashMap<>();
        Predicate<Row> plain = row -> row.partitions() == 8 && row.workers() == 1;
        speed(
                charts,
                "append",
                "Appending flights",
                "8 partitions, 1 worker; " + LIMIT,
                groups(results, "append", plain, row -> statement(row.statement()), Row::contender));
        speed(
                charts,
                "fold",
                "Counting flights per airport",
                "8 partitions, 1 worker; " + LIMIT,
                groups(results, "fold", plain, row -> statement(row.statement()), Row::contender));
        speed(
                charts,
                "slow",
                "A handler whose statement takes 2 ms",
                "8 partitions",
                groups(results, "slow", row -> true, row -> Tables.count(row.workers(), "worker"), Row::contender));
        speed(
                charts,
                "partitions",
                "Appending by COPY from few and many partitions",
                "1 worker",
                several(groups(
                        sorted(results, Row::partitions),
                        "append",
                        row -> row.workers() == 1 && row.statement() == Effect.COPY_BINARY && !row.limit(),
                        row -> Tables.count(row.partitions(), "partition"),
                        Row::contender)));
        for (String workload : List.of("append", "fold")) {
            speed(
                    charts,
                    workload + "-workers",
                    (workload.equals("append") ? "Appending by COPY" : "Counting flights") + " with more workers",
                    "8 partitions; " + LIMIT,
                    several(groups(
                            sorted(results, Row::workers),
                            workload,
                            row -> row.partitions() == 8
                                    && (row.statement() == Effect.COPY_BINARY || row.statement() == Effect.FOLD),
                            row -> Tables.count(row.workers(), "worker"),
                            Row::contender)));
        }
        for (int rate : results.rates()) {
            charts.put(
                    LatencyRun.WORKLOAD + rate,
                    LatencyChart.draw(
                            String.format(Locale.ROOT, "Latency at %,d records per second", rate),
                            "8 partitions, 1 worker; numbers are p50 · p99 · p99.9",
                            results.workload(LatencyRun.WORKLOAD + rate)));
        }
        return charts;
    }

    private static void speed(
            Map<String, String> charts, String name, String title, String subtitle, List<Group> groups) {
        if (!groups.isEmpty()) {
            charts.put(name, BarChart.draw(title, subtitle, RATE, groups));
        }
    }

    /** In the order of the rows. */
    private static List<Group> groups(
            Results results,
            String workload,
            Predicate<Row> wanted,
            Function<Row, String> group,
            Function<Row, String> label) {
        Map<String, List<Bar>> groups = new LinkedHashMap<>();
        results.workload(workload).stream()
                .filter(wanted.and(row -> row.speed() > 0))
                .forEach(row -> groups.computeIfAbsent(group.apply(row), g -> new ArrayList<>())
                        .add(bar(row, label.apply(row))));
        return groups.entrySet().stream()
                .map(entry -> new Group(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** One group alone shows no course. */
    private static List<Group> several(List<Group> groups) {
        return groups.size() > 1 ? groups : List.of();
    }

    private static Results sorted(Results results, ToIntFunction<Row> by) {
        return new Results(
                results.rows().stream().sorted(Comparator.comparingInt(by)).toList(),
                results.figures(),
                results.machine());
    }

    private static Bar bar(Row row, String label) {
        Kind kind = row.tidemark() ? Kind.OURS : row.limit() ? Kind.LIMIT : Kind.OTHER;
        String text = Tables.thousands(row.speed());
        if (!row.limit() && row.ratioToLimit() != null) {
            text += String.format(Locale.ROOT, " (%.0f %%)", 100 * row.ratioToLimit());
        }
        boolean ranged = row.repetitions() - row.failed() > 1;
        return new Bar(
                label,
                row.speed(),
                text,
                kind,
                ranged ? row.minRecordsPerSecond() : null,
                ranged ? row.maxRecordsPerSecond() : null);
    }

    private static String statement(Effect effect) {
        return switch (effect) {
            case COPY_BINARY -> "COPY, binary";
            case COPY_TEXT -> "COPY, text";
            case MULTI_ROW -> "Inserts of many rows";
            case ROW -> "An insert for each record";
            case FOLD -> "One upsert for a whole transaction";
            case FOLD_ROW -> "An upsert for each record";
            case SLOW -> "An insert that takes 2 ms";
        };
    }
}
