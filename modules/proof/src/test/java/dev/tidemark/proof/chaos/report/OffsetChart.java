package dev.tidemark.proof.chaos.report;

import dev.tidemark.proof.chaos.CellResult;
import dev.tidemark.proof.chaos.CellResult.Mark;
import dev.tidemark.proof.check.Advance;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The picture of a run: the stored offset of each partition over time, and the faults, as SVG. */
public final class OffsetChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 360;
    private static final int LEFT = 60;
    private static final int BOTTOM = 40;
    private static final int TOP = 20;
    private static final List<String> COLOURS =
            List.of("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#17becf", "#7f7f7f", "#bcbd22");

    private final CellResult result;
    private final long begin;
    private final long end;
    private final long highest;

    private OffsetChart(CellResult result) {
        this.result = result;
        this.begin = result.advances().stream()
                .mapToLong(a -> a.at().toEpochMilli())
                .min()
                .orElse(0);
        this.end = Math.max(
                begin + 1,
                result.advances().stream()
                        .mapToLong(a -> a.at().toEpochMilli())
                        .max()
                        .orElse(1));
        this.highest = Math.max(
                1, result.advances().stream().mapToLong(Advance::next).max().orElse(1));
    }

    /** Draws it. */
    public static String svg(CellResult result) {
        return new OffsetChart(result).draw();
    }

    private String draw() {
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">%n",
                WIDTH, HEIGHT));
        svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (Mark mark : result.marks()) {
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1=\"%1$.1f\" x2=\"%1$.1f\" y1=\"%2$d\" y2=\"%3$d\" stroke=\"#d62728\" stroke-dasharray=\"3 3\">"
                            + "<title>%4$s</title></line>%n",
                    x(mark.at()),
                    TOP,
                    HEIGHT - BOTTOM,
                    ReportWriter.escaped(mark.label())));
        }
        lines().forEach((partition, points) -> svg.append(String.format(
                "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.2\" points=\"%s\"><title>partition %d</title></polyline>%n",
                COLOURS.get(partition % COLOURS.size()), points, partition)));
        svg.append(String.format(
                "<line x1=\"%1$d\" y1=\"%2$d\" x2=\"%1$d\" y2=\"%3$d\" stroke=\"black\"/>"
                        + "<line x1=\"%1$d\" y1=\"%3$d\" x2=\"%4$d\" y2=\"%3$d\" stroke=\"black\"/>%n",
                LEFT, TOP, HEIGHT - BOTTOM, WIDTH - 10));
        svg.append(String.format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>%n",
                LEFT - 5, TOP + 8, highest, LEFT - 5, HEIGHT - BOTTOM));
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\">stored offset of each partition over %.0f s; dashed: a fault. %s, seed %d</text>%n",
                LEFT,
                HEIGHT - 12,
                (end - begin) / 1e3,
                result.cell(),
                result.seed()));
        return svg.append("</svg>\n").toString();
    }

    /** A step for each advance, no more than one for each pixel. */
    private Map<Integer, StringBuilder> lines() {
        Map<Integer, StringBuilder> lines = new TreeMap<>();
        Map<Integer, Double> last = new TreeMap<>();
        for (Advance a : result.advances()) {
            double x = x(a.at().toEpochMilli());
            if (!a.isMove() && x - last.getOrDefault(a.partition(), -1.0) < 1) {
                continue;
            }
            last.put(a.partition(), x);
            StringBuilder line = lines.computeIfAbsent(a.partition(), p -> new StringBuilder());
            if (a.isMove()) {
                line.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y(a.previous())));
            }
            line.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y(a.next())));
        }
        return lines;
    }

    private double x(long at) {
        return LEFT + (WIDTH - 10.0 - LEFT) * (at - begin) / (end - begin);
    }

    private double y(long offset) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (double) offset / highest;
    }
}
