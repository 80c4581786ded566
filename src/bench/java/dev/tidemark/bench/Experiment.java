package dev.tidemark.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * A measurement that no contender takes part in. Runs once, whatever the number of repetitions.
 *
 * @param id what {@code -Dcells} selects by, such as scale/claimed
 * @param seconds about how long it takes
 */
record Experiment(String id, int seconds, Callable<List<Figure>> measurement) {
    /** All of them, with servers of their own. */
    static List<Experiment> all() {
        List<Experiment> all = new ArrayList<>(ScaleFigures.all());
        all.add(new Experiment("micro/jmh", 60, Micro::run));
        return all;
    }
}
