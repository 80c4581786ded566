package dev.tidemark.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Results as tables in Markdown. Pure. */
final class Tables {
    static final String NOT_MEASURED = "*Not measured in this run.*";

    private static final String NOTHING = "–";

    private Tables() {}

    static String throughput(List<Row> rows) {
        List<List<String>> lines = new ArrayList<>();
        for (Row row : rows) {
            lines.add(List.of(
                    name(row),
                    row.limit() ? NOTHING : Guarantee.of(row.contender()),
                    Integer.toString(row.partitions()),
                    Integer.toString(row.workers()),
                    format("%,.0f", row.unitRecords()),
                    speed(row),
                    row.limit() ? NOTHING : percent(row.ratioToLimit()),
                    format("%.2f", row.clientCpuSecondsPerMillion()),
                    format("%.2f", row.serverCpuSecondsPerMillion()),
                    format("%.2f", row.brokerCpuSecondsPerMillion())));
        }
        return table(
                "llrrrrrrrr",
                List.of(
                        "contender",
                        "guarantee",
                        "partitions",
                        "workers",
                        "records a transaction",
                        "records/s, median (min to max)",
                        "of the limit",
                        "CPU client",
                        "CPU server",
                        "CPU broker"),
                lines);
    }

    static String latency(List<Row> rows) {
        List<List<String>> lines = new ArrayList<>();
        for (Row row : rows) {
            boolean silent = row.saturated() || row.p50Ms() == null;
            lines.add(List.of(
                    format("%,d", row.rate()),
                    name(row),
                    Guarantee.of(row.contender()),
                    silent ? NOTHING : format("%.2f", row.p50Ms()),
                    silent ? NOTHING : format("%.2f", row.p99Ms()),
                    silent ? NOTHING : format("%.2f", row.p999Ms()),
                    row.saturated()
                            ? "cannot keep up: takes " + thousands(row.speed()) + "/s"
                                    + (row.wrong() ? ", **wrong**" : "")
                            : outcome(row),
                    format("%.2f", row.producerLagMs())));
        }
        return table(
                "rllrrrlr",
                List.of(
                        "records/s",
                        "contender",
                        "guarantee",
                        "p50 ms",
                        "p99 ms",
                        "p99.9 ms",
                        "",
                        "sent late by (p99), ms"),
                lines);
    }

    static String targets(List<Targets.Target> targets) {
        return table(
                "lrrl",
                List.of("what", "target", "measured", "reached"),
                targets.stream()
                        .map(t -> List.of(
                                t.name(),
                                t.target(),
                                t.measured() == null ? NOTHING : number(t.measured(), t.unit()),
                                t.measured() == null ? "not measured" : t.reached() ? "yes" : "**no**"))
                        .toList());
    }

    static String figures(List<Figure> figures) {
        return table(
                "lrr",
                List.of("what", "measured", "target"),
                figures.stream()
                        .map(f -> List.of(
                                f.name(),
                                number(f.value(), f.unit()),
                                f.bound() == null
                                        ? NOTHING
                                        : (f.atMost() ? "<= " : ">= ") + number(f.bound(), f.unit())))
                        .toList());
    }

    static String machine(Map<String, String> machine) {
        return table(
                "ll",
                List.of("", ""),
                machine.entrySet().stream()
                        .map(e -> List.of(e.getKey(), e.getValue().replace("*", "\\*")))
                        .toList());
    }

    static String list(List<String> lines) {
        return lines.stream().map(line -> "- " + line).collect(Collectors.joining("\n"));
    }

    /** With as many digits as a reader can use. */
    static String number(double value, String unit) {
        double size = Math.abs(value);
        String digits = value == Math.rint(value) || size >= 1_000 ? "%,.0f" : size >= 100 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, digits, value) + (unit.isEmpty() ? "" : " " + unit);
    }

    /** Three digits that count. */
    static String thousands(double value) {
        if (value >= 99_950) {
            return String.format(Locale.ROOT, "%,.0f k", value / 1e3);
        }
        return value >= 999.5
                ? String.format(Locale.ROOT, "%.1f k", value / 1e3)
                : String.format(Locale.ROOT, "%.0f", value);
    }

    static String count(int number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    private static String name(Row row) {
        return row.tidemark() ? "**" + row.contender() + "**" : row.contender();
    }

    private static String speed(Row row) {
        if (row.recordsPerSecond() == null) {
            return "did not end";
        }
        String range = row.repetitions() - row.failed() > 1
                ? String.format(Locale.ROOT, " (%,.0f to %,.0f)", row.minRecordsPerSecond(), row.maxRecordsPerSecond())
                : "";
        String trouble = outcome(row);
        return format("%,.0f", row.recordsPerSecond()) + range + (trouble.isEmpty() ? "" : ", " + trouble);
    }

    /** What went wrong, if anything did. */
    private static String outcome(Row row) {
        if (row.failed() > 0) {
            return "%d of %d did not end".formatted(row.failed(), row.repetitions());
        }
        if (row.wrong()) {
            return "**wrong**";
        }
        return row.saturatedRuns() == 0
                ? ""
                : "%d of %d could not keep up".formatted(row.saturatedRuns(), row.repetitions());
    }

    private static String percent(@Nullable Double ratio) {
        return ratio == null ? NOTHING : String.format(Locale.ROOT, "%.0f %%", 100 * ratio);
    }

    private static String format(String format, @Nullable Number value) {
        return value == null ? NOTHING : String.format(Locale.ROOT, format, value);
    }

    private static String table(String alignment, List<String> head, List<List<String>> lines) {
        if (lines.isEmpty()) {
            return NOT_MEASURED;
        }
        StringBuilder table = new StringBuilder(line(head)).append('\n').append('|');
        alignment.chars().forEach(side -> table.append(side == 'r' ? "--:|" : "---|"));
        lines.forEach(cells -> table.append('\n').append(line(cells)));
        return table.toString();
    }

    private static String line(List<String> cells) {
        return "| " + String.join(" | ", cells) + " |";
    }
}
