package dev.tidemark.proof.chaos.soak;

import dev.tidemark.proof.chaos.CellResult.Mark;
import java.util.List;
import java.util.Locale;

/** The picture of a long run: each series over time, in a panel of its own, and the faults, as SVG. */
final class SeriesChart {
    private static final int WIDTH = 900;
    private static final int PANEL = 110;
    private static final int LEFT = 80;
    private static final int TOP = 22;

    private SeriesChart() {}

    static String svg(List<Sample> samples, List<Mark> marks) {
        long begin = samples.get(0).at().toEpochMilli();
        long end = Math.max(begin + 1, samples.get(samples.size() - 1).at().toEpochMilli());
        StringBuilder svg = new StringBuilder(String.format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">%n"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
                WIDTH, PANEL * Series.values().length + 20));
        int panels = 0;
        for (Series series : Series.values()) {
            panel(svg, panels++, series, samples, marks, begin, end);
        }
        return svg.append(String.format(
                        Locale.ROOT,
                        "<text x=\"%d\" y=\"%d\">%.0f minutes, %d faults (red)</text>%n</svg>%n",
                        LEFT,
                        PANEL * Series.values().length + 14,
                        (end - begin) / 60e3,
                        marks.size()))
                .toString();
    }

    private static void panel(
            StringBuilder svg,
            int number,
            Series series,
            List<Sample> samples,
            List<Mark> marks,
            long begin,
            long end) {
        int top = number * PANEL + TOP;
        int bottom = (number + 1) * PANEL - 6;
        long most = Flatness.values(samples, series).stream()
                .mapToLong(Long::longValue)
                .max()
                .orElse(1);
        double perMilli = (WIDTH - 10.0 - LEFT) / (end - begin);
        svg.append(String.format("<text x=\"%d\" y=\"%d\">%s</text>%n", LEFT, top - 6, series.title()));
        // One element for all: there are hundreds.
        svg.append("<path stroke=\"#d62728\" stroke-width=\"0.3\" d=\"");
        for (Mark mark : marks) {
            svg.append(String.format(
                    Locale.ROOT, "M%.1f %dV%d", LEFT + Math.max(0, mark.at() - begin) * perMilli, bottom - 6, bottom));
        }
        svg.append(String.format("\"/>%n"));
        StringBuilder points = new StringBuilder();
        for (Sample sample : samples) {
            Long value = sample.used().get(series);
            if (value != null) {
                points.append(String.format(
                        Locale.ROOT,
                        "%.1f,%.1f ",
                        LEFT + (sample.at().toEpochMilli() - begin) * perMilli,
                        bottom - (bottom - top) * (double) value / Math.max(1, most)));
            }
        }
        svg.append(String.format(
                "<polyline fill=\"none\" stroke=\"#1f77b4\" points=\"%s\"/>%n"
                        + "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"black\"/>%n"
                        + "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n"
                        + "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>%n",
                points, LEFT, WIDTH - 10, bottom, bottom, LEFT - 5, top + 8, series.shown(most), LEFT - 5, bottom));
    }
}
