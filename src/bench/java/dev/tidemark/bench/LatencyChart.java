package dev.tidemark.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/** A line for each contender, from p50 over p99 to p99.9, on a logarithmic axis. */
final class LatencyChart {
    private static final double LABELS = 190;
    private static final double RIGHT = 250;
    private static final double TOP = 74;
    private static final double ROW = 34;

    private LatencyChart() {}

    static String draw(String title, String subtitle, List<Row> rows) {
        Svg svg = new Svg(title, subtitle);
        double[] all = rows.stream()
                .filter(LatencyChart::told)
                .flatMapToDouble(row -> DoubleStream.of(row.p50Ms(), row.p99Ms(), row.p999Ms()))
                .toArray();
        Scale scale = Scale.logarithmic(
                Math.max(0.01, DoubleStream.of(all).min().orElse(1)),
                DoubleStream.of(all).max().orElse(10),
                LABELS,
                Svg.WIDTH - RIGHT);
        double bottom = TOP + rows.size() * ROW;
        for (double tick : scale.ticks()) {
            svg.line(scale.x(tick), TOP, scale.x(tick), bottom, "grid");
            svg.text(scale.x(tick), bottom + 18, "soft middle", Tables.number(tick, ""));
        }
        double y = TOP + ROW / 2;
        for (Row row : rows) {
            draw(svg, scale, row, y);
            y += ROW;
        }
        svg.text(
                (LABELS + Svg.WIDTH - RIGHT) / 2,
                bottom + 40,
                "soft middle",
                "milliseconds from sending to commit, logarithmic; dots are p50, p99 and p99.9");
        return svg.toString(bottom + 58);
    }

    private static void draw(Svg svg, Scale scale, Row row, double y) {
        String style = row.tidemark() ? "ours" : "other";
        String weight = row.tidemark() ? "strong" : "";
        svg.text(LABELS - 10, y + 4, "end " + weight, row.contender());
        if (!told(row)) {
            svg.text(
                    LABELS + 10,
                    y + 4,
                    "soft",
                    row.saturated()
                            ? "cannot keep up: takes " + Tables.thousands(row.speed()) + " records/s"
                            : "did not end");
            return;
        }
        svg.line(scale.x(row.p50Ms()), y, scale.x(row.p999Ms()), y, style + "-line");
        svg.dot(scale.x(row.p50Ms()), y, 6.5, style);
        svg.dot(scale.x(row.p99Ms()), y, 5.5, style);
        svg.dot(scale.x(row.p999Ms()), y, 4.5, style);
        svg.text(
                Svg.WIDTH - RIGHT + 24,
                y + 4,
                weight,
                String.join(
                        " · ",
                        milliseconds(row.p50Ms()),
                        milliseconds(row.p99Ms()),
                        milliseconds(row.p999Ms()) + " ms"));
    }

    private static boolean told(Row row) {
        return !row.saturated() && row.p50Ms() != null && row.p99Ms() != null && row.p999Ms() != null;
    }

    private static String milliseconds(double value) {
        String digits = value >= 100 ? "%,.0f" : value >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, digits, value);
    }
}
