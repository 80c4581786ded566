package dev.tidemark.bench;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Horizontal bars in groups, with the limit of a group as a line across it. */
final class BarChart {
    private static final double LABELS = 190;
    private static final double RIGHT = 130;
    private static final double TOP = 74;
    private static final double BAR = 20;
    private static final double GAP = 7;
    private static final double GROUP_HEAD = 26;
    private static final double GROUP_GAP = 10;

    /** How a bar looks. */
    enum Kind {
        OURS("ours"),
        OTHER("other"),
        LIMIT("limit");

        private final String style;

        Kind(String style) {
            this.style = style;
        }
    }

    /**
     * A bar.
     *
     * @param text the value as it is written next to it
     * @param low where the line begins that tells the range; null for none
     */
    record Bar(
            String label,
            double value,
            String text,
            Kind kind,
            @Nullable Double low,
            @Nullable Double high) {}

    /** Bars that are compared. */
    record Group(String name, List<Bar> bars) {}

    private final List<Group> groups;
    private final Scale scale;
    private final Svg svg;

    private BarChart(String title, String subtitle, List<Group> groups) {
        this.groups = groups;
        double most = groups.stream()
                .flatMap(group -> group.bars().stream())
                .mapToDouble(bar -> bar.high() == null ? bar.value() : Math.max(bar.value(), bar.high()))
                .max()
                .orElse(1);
        this.scale = Scale.linear(most, LABELS, Svg.WIDTH - RIGHT);
        this.svg = new Svg(title, subtitle);
    }

    /**
     * Draws it.
     *
     * @param axis what the numbers below are, with their unit
     */
    static String draw(String title, String subtitle, String axis, List<Group> groups) {
        return new BarChart(title, subtitle, groups).draw(axis);
    }

    private String draw(String axis) {
        double bottom = TOP
                + groups.stream()
                        .mapToDouble(group -> height(group) + GROUP_GAP)
                        .sum();
        for (double tick : scale.ticks()) {
            svg.line(scale.x(tick), TOP, scale.x(tick), bottom, "grid");
            svg.text(scale.x(tick), bottom + 18, "soft middle", tick == 0 ? "0" : Tables.thousands(tick));
        }
        double y = TOP;
        for (Group group : groups) {
            draw(group, y);
            y += height(group) + GROUP_GAP;
        }
        svg.text((LABELS + Svg.WIDTH - RIGHT) / 2, bottom + 40, "soft middle", axis);
        return svg.toString(bottom + 58);
    }

    private void draw(Group group, double top) {
        double first = top;
        if (!group.name().isEmpty()) {
            svg.text(24, top + 16, "group", group.name());
            first += GROUP_HEAD;
        }
        double y = first;
        for (Bar bar : group.bars()) {
            svg.bar(LABELS, y, scale.x(bar.value()) - LABELS, BAR, bar.kind().style);
            if (bar.low() != null && bar.high() != null) {
                range(bar.low(), bar.high(), y + BAR / 2);
            }
            y += BAR + GAP;
        }
        double last = y - GAP;
        double marked = first - 3;
        group.bars().stream()
                .filter(bar -> bar.kind() == Kind.LIMIT && group.bars().size() > 1)
                .forEach(bar -> svg.line(scale.x(bar.value()), marked, scale.x(bar.value()), last + 3, "mark"));
        // Last, so that no line runs through letters.
        y = first;
        for (Bar bar : group.bars()) {
            String weight = bar.kind() == Kind.OURS ? " strong" : "";
            svg.text(LABELS - 10, y + 15, "end" + weight, bar.label());
            double end = bar.high() == null ? bar.value() : Math.max(bar.value(), bar.high());
            svg.text(scale.x(end) + 8, y + 15, "value" + weight, bar.text());
            y += BAR + GAP;
        }
    }

    private void range(double low, double high, double y) {
        svg.line(scale.x(low), y, scale.x(high), y, "range");
        svg.line(scale.x(low), y - 4, scale.x(low), y + 4, "range");
        svg.line(scale.x(high), y - 4, scale.x(high), y + 4, "range");
    }

    private static double height(Group group) {
        return (group.name().isEmpty() ? 0 : GROUP_HEAD) + group.bars().size() * (BAR + GAP);
    }
}
