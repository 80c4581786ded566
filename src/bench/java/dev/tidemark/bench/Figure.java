package dev.tidemark.bench;

import org.jspecify.annotations.Nullable;

/**
 * A number that an experiment found.
 *
 * @param section the table it belongs to: scale, database or micro
 * @param unit empty for a plain number
 * @param bound what it should reach; null if it is only reported
 * @param atMost whether it should stay below the bound rather than reach it
 */
record Figure(
        String section,
        String name,
        double value,
        String unit,
        @Nullable Double bound,
        boolean atMost) {
    static final String SCALE = "scale";
    static final String DATABASE = "database";
    static final String MICRO = "micro";

    static Figure of(String section, String name, double value, String unit) {
        return new Figure(section, name, value, unit, null, false);
    }

    Figure atMost(double limit) {
        return new Figure(section, name, value, unit, limit, true);
    }

    Figure atLeast(double limit) {
        return new Figure(section, name, value, unit, limit, false);
    }
}
