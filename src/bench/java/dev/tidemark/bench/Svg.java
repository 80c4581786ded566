package dev.tidemark.bench;

import java.util.Locale;

/** A picture as text: a card with its own background, light or dark as the reader has it. */
final class Svg {
    static final int WIDTH = 860;

    /** Set by class, never inline, so that the dark scheme can change them. */
    private static final String STYLE = """
            text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-size: 13px; fill: #24292f; }
            .title { font-size: 17px; font-weight: 600; }
            .group { font-weight: 600; }
            .soft { fill: #57606a; font-size: 12px; }
            .end { text-anchor: end; }
            .middle { text-anchor: middle; }
            .strong { font-weight: 600; }
            .value, .group { paint-order: stroke; stroke: #ffffff; stroke-width: 7px; stroke-linejoin: round; }
            .card { fill: #ffffff; stroke: #d0d7de; }
            .grid { stroke: #d8dee4; stroke-width: 1; }
            .ours { fill: #0b7285; }
            .other { fill: #9aa5b1; }
            .limit { fill: #f1f3f5; stroke: #6e7781; stroke-width: 1; stroke-dasharray: 4 3; }
            .mark { stroke: #6e7781; stroke-width: 1.5; stroke-dasharray: 4 3; }
            .range { stroke: #24292f; stroke-width: 1.2; opacity: 0.55; }
            .ours-line { stroke: #0b7285; stroke-width: 3; }
            .other-line { stroke: #9aa5b1; stroke-width: 3; }
            @media (prefers-color-scheme: dark) {
              text { fill: #e6edf3; }
              .soft { fill: #9198a1; }
              .value, .group { stroke: #0d1117; }
              .card { fill: #0d1117; stroke: #30363d; }
              .grid { stroke: #262c36; }
              .ours { fill: #22b8cf; }
              .other { fill: #6b7682; }
              .limit { fill: #161b22; stroke: #9198a1; }
              .mark { stroke: #9198a1; }
              .range { stroke: #e6edf3; }
              .ours-line { stroke: #22b8cf; }
              .other-line { stroke: #6b7682; }
            }
            """;

    private final StringBuilder body = new StringBuilder();
    private final String title;

    Svg(String title, String subtitle) {
        this.title = title;
        text(24, 34, "title", title);
        text(24, 54, "soft", subtitle);
    }

    /** @param y of the line that letters stand on */
    void text(double x, double y, String classes, String text) {
        body.append(line("<text x='%.1f' y='%.1f' class='%s'>%s</text>", x, y, classes, escaped(text)));
    }

    void bar(double x, double y, double width, double height, String classes) {
        body.append(line(
                "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' rx='2' class='%s'/>",
                x, y, Math.max(1, width), height, classes));
    }

    void line(double x1, double y1, double x2, double y2, String classes) {
        body.append(line("<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' class='%s'/>", x1, y1, x2, y2, classes));
    }

    void dot(double x, double y, double radius, String classes) {
        body.append(line("<circle cx='%.1f' cy='%.1f' r='%.1f' class='%s'/>", x, y, radius, classes));
    }

    String toString(double height) {
        return line(
                        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %.0f' width='%d' height='%.0f' role='img'>",
                        WIDTH, height, WIDTH, height)
                + "<title>" + escaped(title) + "</title>\n"
                + "<style>\n" + STYLE + "</style>\n"
                + line("<rect x='0.5' y='0.5' width='%d' height='%.0f' rx='8' class='card'/>", WIDTH - 1, height - 1)
                + body + "</svg>\n";
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + "\n";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
