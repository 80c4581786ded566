package dev.tidemark.proof.chaos.report;

import dev.tidemark.proof.chaos.CellResult;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.TakeoverCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes what is known of the matrix as Markdown and as HTML, with a picture of each run. */
public final class ReportWriter {
    private static final String INTRODUCTION =
            "Each cell: injections, records in the log, time until all partitions of the"
                    + " victim were taken over (T) or moved again after the fault (R), p50 and p99 in seconds, verdict."
                    + " *exact*: no record missing, doubled, invented or out of order, and none of the other checks found anything;"
                    + " *late*: a takeover took longer than the limit.";

    private final Path directory;
    private final Map<String, String> titles;

    /**
     * Writes to a directory.
     *
     * @param titles of the faults, by id, in the order of the rows
     */
    public ReportWriter(Path directory, Map<String, String> titles) {
        this.directory = directory;
        this.titles = titles;
    }

    /** Writes {@code report.md}, {@code report.html} and the pictures. */
    public void write(Collection<CellResult> results) {
        Map<String, CellResult> byCell = new TreeMap<>();
        results.forEach(result -> byCell.put(result.cell(), result));
        try {
            Files.writeString(directory.resolve("report.md"), markdown(byCell));
            Files.writeString(directory.resolve("report.html"), html(byCell));
            for (CellResult result : results) {
                Files.writeString(directory.resolve(picture(result.cell())), OffsetChart.svg(result));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String picture(String cell) {
        return cell.replace('/', '-') + ".svg";
    }

    private static Set<String> columns(Map<String, CellResult> byCell) {
        return byCell.keySet().stream()
                .map(cell -> cell.substring(cell.indexOf('/') + 1))
                .sorted()
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private String markdown(Map<String, CellResult> byCell) {
        Set<String> columns = columns(byCell);
        StringBuilder md = new StringBuilder("# Chaos matrix\n\n" + INTRODUCTION + "\n\n");
        md.append("| fault | ").append(String.join(" | ", columns)).append(" |\n");
        md.append("|---|").append("---|".repeat(columns.size())).append('\n');
        titles.forEach((id, title) -> {
            md.append("| ").append(id).append(' ').append(title);
            for (String column : columns) {
                CellResult result = byCell.get(id + "/" + column);
                md.append(result == null ? " |" : " | ");
                if (result != null) {
                    md.append('[')
                            .append(summary(result))
                            .append("](")
                            .append(picture(result.cell()))
                            .append(')');
                }
            }
            md.append(" |\n");
        });
        md.append("\n").append(total(byCell.values())).append("\n");
        byCell.values().forEach(result -> {
            md.append("\n## ").append(result.cell()).append("\n\n");
            lines(result).forEach(line -> md.append("    ").append(line).append('\n'));
        });
        return md.toString();
    }

    private String html(Map<String, CellResult> byCell) {
        Set<String> columns = columns(byCell);
        StringBuilder html = new StringBuilder("""
                <!doctype html><html lang="en"><meta charset="utf-8"><title>Chaos matrix</title>
                <style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px 8px;
                font-size:13px;text-align:left}.exact{background:#e4f4e4}.late{background:#fdf3d0}.violated{background:#f8d7d7}
                pre{background:#f6f6f6;padding:1em;overflow:auto}img{max-width:900px}</style><h1>Chaos matrix</h1>
                """);
        html.append("<p>").append(INTRODUCTION.replace("*", "")).append("</p><table><tr><th>fault</th>");
        columns.forEach(column -> html.append("<th>").append(column).append("</th>"));
        titles.forEach((id, title) -> {
            html.append("</tr><tr><th>")
                    .append(id)
                    .append(' ')
                    .append(escaped(title))
                    .append("</th>");
            for (String column : columns) {
                CellResult result = byCell.get(id + "/" + column);
                html.append(
                        result == null
                                ? "<td></td>"
                                : "<td class=\"" + style(result) + "\"><a href=\"#" + result.cell() + "\">"
                                        + summary(result) + "</a></td>");
            }
        });
        html.append("</tr></table><p>").append(total(byCell.values())).append("</p>\n");
        byCell.values()
                .forEach(result -> html.append("<h2 id=\"" + result.cell() + "\">" + result.cell() + "</h2><pre>"
                        + escaped(String.join("\n", lines(result))) + "</pre><img src=\"" + picture(result.cell())
                        + "\" alt=\"stored offsets over time\">\n"));
        return html.append("</html>\n").toString();
    }

    private static String style(CellResult result) {
        String verdict = result.verdict();
        return verdict.startsWith("violated") ? "violated" : verdict.endsWith("late") ? "late" : "exact";
    }

    private static String summary(CellResult result) {
        return result.injections() + " · " + result.records() + " · "
                + (result.takeovers().isEmpty() ? times("R", result.recoveries()) : times("T", result.takeovers()))
                + " · " + result.verdict();
    }

    private static String times(String kind, List<Duration> times) {
        return times.isEmpty()
                ? kind + " -"
                : String.format(
                        Locale.ROOT,
                        "%s %.1f/%.1f",
                        kind,
                        TakeoverCheck.percentile(times, 50) / 1e3,
                        TakeoverCheck.percentile(times, 99) / 1e3);
    }

    private static String total(Collection<CellResult> results) {
        return results.size() + " cells, "
                + results.stream().mapToInt(CellResult::injections).sum() + " injections, "
                + results.stream().mapToLong(CellResult::records).sum() + " records: "
                + results.stream().filter(r -> style(r).equals("exact")).count() + " exact, "
                + results.stream().filter(r -> style(r).equals("late")).count() + " exact but late, "
                + results.stream().filter(r -> style(r).equals("violated")).count() + " violated.";
    }

    private static List<String> lines(CellResult result) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "seed %d, load of the machine %.0f", result.seed(), result.load()));
        result.findings().stream().map(Finding::line).forEach(lines::add);
        return lines;
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
