package dev.tidemark.bench;

import dev.tidemark.bench.kit.Effect;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Many runs of each cell become one row. Pure. */
final class Summary {
    /** Who shows how fast a statement can be at all. */
    private static final Map<Effect, String> LIMITS = Map.of(
            Effect.COPY_BINARY, "limit-copy-binary",
            Effect.COPY_TEXT, "limit-copy-text",
            Effect.MULTI_ROW, "limit-multi-row",
            Effect.FOLD, "limit-fold",
            Effect.SLOW, "limit-slow");

    private Summary() {}

    /** A row for each cell; an empty one is a run that did not finish. */
    static List<Row> of(Map<Cell, List<Optional<Run>>> runs) {
        List<Row> rows = new ArrayList<>();
        runs.forEach((cell, ofCell) -> rows.add(row(cell, ofCell)));
        return rows.stream().map(row -> row.withRatio(ratio(row, rows))).toList();
    }

    private static Row row(Cell cell, List<Optional<Run>> attempts) {
        List<Run> runs = attempts.stream().flatMap(Optional::stream).toList();
        List<Run> calm = runs.stream().filter(run -> !run.saturated()).toList();
        int saturatedRuns = runs.size() - calm.size();
        boolean saturated = saturatedRuns > calm.size();
        List<Double> speeds = values(runs, run -> run.result().recordsPerSecond());
        return new Row(
                cell.workload(),
                cell.contender(),
                cell.partitions(),
                cell.workers(),
                rounded(median(values(runs, run -> run.result().unitRecords())), 1),
                rounded(median(speeds), 0),
                null,
                saturated ? null : median(values(calm, run -> run.result().p50())),
                saturated ? null : median(values(calm, run -> run.result().p99())),
                exact(runs),
                cell.effect(),
                saturated ? null : median(values(calm, run -> run.result().p999())),
                rounded(median(values(runs, run -> run.result().clientCpu())), 3),
                rounded(median(values(runs, run -> run.result().serverCpu())), 3),
                rounded(median(values(runs, run -> run.result().brokerCpu())), 3),
                rounded(speeds.stream().min(Double::compare).orElse(null), 0),
                rounded(speeds.stream().max(Double::compare).orElse(null), 0),
                attempts.size(),
                attempts.size() - runs.size(),
                saturated,
                saturatedRuns,
                LatencyRun.isFor(cell) ? LatencyRun.rate(cell) : null,
                rounded(median(values(runs, Run::producerLagMs)), 3));
    }

    private static @Nullable Boolean exact(List<Run> runs) {
        if (runs.stream().anyMatch(run -> run.checked() && !run.result().exact())) {
            return false;
        }
        if (runs.isEmpty() || runs.stream().anyMatch(run -> !run.checked())) {
            return null;
        }
        return true;
    }

    private static @Nullable Double ratio(Row row, Collection<Row> rows) {
        String limit = LIMITS.get(row.statement());
        return rows.stream()
                .filter(r -> r.contender().equals(limit)
                        && r.workload().equals(row.workload())
                        && r.workers() == row.workers()
                        && r.speed() > 0)
                .findFirst()
                .map(r -> rounded(row.speed() / r.speed(), 3))
                .orElse(null);
    }

    /** The one in the middle, or between the two in the middle; null of nothing. */
    static @Nullable Double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        if (sorted.length == 0) {
            return null;
        }
        return sorted.length % 2 == 1
                ? sorted[middle]
                : Arrays.stream(sorted, middle - 1, middle + 1).sum() / 2;
    }

    private static List<Double> values(List<Run> runs, Function<Run, @Nullable Double> figure) {
        return runs.stream()
                .map(figure)
                .filter(Objects::nonNull)
                .filter(Double::isFinite)
                .toList();
    }

    private static @Nullable Double rounded(@Nullable Double value, int digits) {
        double power = Math.pow(10, digits);
        return value == null ? null : Math.round(value * power) / power;
    }
}
