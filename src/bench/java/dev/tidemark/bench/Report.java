package dev.tidemark.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writes benchmarks.md, from the hand-written template and the results, and the charts next to it. */
final class Report {
    private static final Path TEMPLATE = Path.of("src", "bench", "resources", "benchmarks.md");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z0-9-]+)}}");

    private Report() {}

    static void write(Results results, Path directory) {
        Map<String, String> charts = Charts.of(results);
        try {
            Path chartDirectory = Files.createDirectories(directory.resolve("charts"));
            // A chart that this run has no numbers for would else stay, with others' numbers.
            try (Stream<Path> old = Files.list(chartDirectory)) {
                for (Path file : old.filter(f -> f.toString().endsWith(".svg")).toList()) {
                    Files.delete(file);
                }
            }
            for (Map.Entry<String, String> chart : charts.entrySet()) {
                Files.writeString(chartDirectory.resolve(chart.getKey() + ".svg"), chart.getValue());
            }
            Files.writeString(
                    directory.resolve("benchmarks.md"), filled(Files.readString(TEMPLATE), results, charts.keySet()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String filled(String template, Results results, Iterable<String> charts) {
        Map<String, String> values = tables(results);
        for (String chart : charts) {
            values.put(chart + "-chart", "![" + chart + "](charts/" + chart + ".svg)");
        }
        Function<String, String> value = name -> {
            // A chart of which nothing was measured is missing; its table says so.
            String known = values.getOrDefault(name, name.endsWith("-chart") ? "" : null);
            if (known == null) {
                throw new IllegalStateException(TEMPLATE + ": no {{" + name + "}}, but " + values.keySet());
            }
            return known;
        };
        return PLACEHOLDER
                .matcher(template)
                .replaceAll(match -> Matcher.quoteReplacement(value.apply(match.group(1))))
                .replaceAll("\n{3,}", "\n\n");
    }

    private static Map<String, String> tables(Results results) {
        Map<String, String> tables = new HashMap<>();
        for (String workload : List.of("append", "fold", "slow", "poll")) {
            tables.put(workload + "-table", Tables.throughput(results.workload(workload)));
        }
        tables.put(
                "latency-table",
                Tables.latency(results.rows().stream().filter(Row::latency).toList()));
        tables.put("targets-table", Tables.targets(Targets.of(results)));
        for (String section : List.of(Figure.SCALE, Figure.DATABASE, Figure.MICRO)) {
            tables.put(
                    section + "-table",
                    Tables.figures(results.figures().stream()
                            .filter(figure -> figure.section().equals(section))
                            .toList()));
        }
        List<String> defeats = Defeats.of(results);
        tables.put("others-win", defeats.isEmpty() ? "Nowhere in this run." : Tables.list(defeats));
        tables.put("machine-table", Tables.machine(results.machine()));
        return tables;
    }
}
