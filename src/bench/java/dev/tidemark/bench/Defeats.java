package dev.tidemark.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Every cell in which a contender does better than Tidemark. Pure. */
final class Defeats {
    private Defeats() {}

    /** A sentence each. */
    static List<String> of(Results results) {
        List<String> defeats = new ArrayList<>();
        List<Row> others = results.throughput().filter(Row::other).toList();
        for (Row other : others) {
            counterpart(results, other)
                    .filter(own -> other.speed() > own.speed())
                    .ifPresent(own -> defeats.add(speed(other, own)));
        }
        for (Row other : others) {
            counterpart(results, other)
                    .filter(own -> less(other.cpu(), own.cpu()))
                    .ifPresent(own -> defeats.add(cpu(other, own)));
        }
        for (Row other : results.rows().stream()
                .filter(row -> row.latency() && row.other())
                .toList()) {
            Stream.of(
                            latency(results, other, "p50", Row::p50Ms),
                            latency(results, other, "p99", Row::p99Ms),
                            latency(results, other, "p99.9", Row::p999Ms))
                    .flatMap(Optional::stream)
                    .forEach(defeats::add);
        }
        return defeats;
    }

    /** With the same statement if there is one, else its fastest at the same workload. */
    private static Optional<Row> counterpart(Results results, Row other) {
        Predicate<Row> comparable = row -> row.tidemark()
                && row.workers() == other.workers()
                && row.partitions() == other.partitions()
                && row.workload().equals(other.workload());
        return Targets.fastest(results.rows(), comparable.and(row -> row.statement() == other.statement()))
                .or(() -> Targets.fastest(results.rows(), comparable));
    }

    private static String speed(Row other, Row own) {
        return String.format(
                Locale.ROOT,
                "**%s**, %s: `%s` takes %s records/s, `%s` %s (%.0f %% less).",
                other.workload(),
                shape(other),
                other.contender(),
                Tables.thousands(other.speed()),
                own.contender(),
                Tables.thousands(own.speed()),
                100 * (1 - own.speed() / other.speed()));
    }

    private static String cpu(Row other, Row own) {
        return String.format(
                Locale.ROOT,
                "**%s**, %s: `%s` uses %.2f s of CPU per million records, client and server together, `%s` %.2f s.",
                other.workload(),
                shape(other),
                other.contender(),
                other.cpu(),
                own.contender(),
                own.cpu());
    }

    private static Optional<String> latency(
            Results results, Row other, String name, Function<Row, @Nullable Double> percentile) {
        Double value = percentile.apply(other);
        return results.rows().stream()
                .filter(row -> row.tidemark()
                        && row.workload().equals(other.workload())
                        && row.statement() == other.statement()
                        && less(value, percentile.apply(row)))
                .findFirst()
                .map(own -> String.format(
                        Locale.ROOT,
                        "**%,d records/s**, %s: `%s` takes %.2f ms, `%s` %.2f ms.",
                        other.rate(),
                        name,
                        other.contender(),
                        value,
                        own.contender(),
                        percentile.apply(own)));
    }

    private static String shape(Row row) {
        return Tables.count(row.partitions(), "partition") + ", " + Tables.count(row.workers(), "worker");
    }

    private static boolean less(@Nullable Double a, @Nullable Double b) {
        return a != null && b != null && a < b;
    }
}
