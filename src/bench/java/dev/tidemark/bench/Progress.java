package dev.tidemark.bench;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Guesses how long the rest takes: as long as the same took before, or as planned times how wrong plans were so far. */
final class Progress {
    /**
     * Something that will be run.
     *
     * @param id the same again if it is run again
     */
    record Step(String id, double plannedSeconds) {}

    /** The plan counts as much as this many seconds of experience, so that the first step alone does not overturn it. */
    private static final double TRUST = 60;

    private final int steps;
    private final Deque<Step> rest;
    private final Map<String, Double> took = new HashMap<>();
    private double planned;
    private double spent;

    Progress(List<Step> steps) {
        this.steps = steps.size();
        this.rest = new ArrayDeque<>(steps);
    }

    /** The next step is over. */
    void done(double seconds) {
        Step step = rest.remove();
        planned += step.plannedSeconds();
        spent += seconds;
        took.put(step.id(), seconds);
    }

    double secondsLeft() {
        double error = (spent + TRUST) / (planned + TRUST);
        return rest.stream()
                .mapToDouble(step -> took.getOrDefault(step.id(), step.plannedSeconds() * error))
                .sum();
    }

    @Override
    public String toString() {
        return "%d/%d, %s left".formatted(steps - rest.size(), steps, about(secondsLeft()));
    }

    /** In whole minutes, or seconds where it is less than two minutes. */
    static String about(double seconds) {
        return seconds < 120 ? "about %.0f s".formatted(seconds) : "about %.0f min".formatted(seconds / 60);
    }
}
