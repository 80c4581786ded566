package dev.tidemark.internal.work;

import dev.tidemark.internal.plan.Evidence.Habit;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which records a consumer gave up lately, in all its workers, by topic: what works for one topic says little about another.
 * Thread-safe.
 */
public final class HandlerHistory {
    private final Map<String, Map<String, Integer>> givenUp = new ConcurrentHashMap<>();
    private final Map<Of, Habit> habits = new ConcurrentHashMap<>();

    private record Of(String topic, String kind) {}

    /** A record of this topic had an effect. */
    void succeeded(String topic) {
        givenUp.remove(topic);
    }

    /** A record of this topic that failed so by itself has succeeded, though nothing was changed. */
    void passed(String topic, String kind) {
        habits.put(new Of(topic, kind), Habit.PASSES);
    }

    /** What is known of failures of this kind. */
    Habit habit(String topic, String kind) {
        return habits.getOrDefault(new Of(topic, kind), Habit.UNKNOWN);
    }

    /** A record of this topic was given up for a failure of this kind. */
    void gaveUp(String topic, String kind) {
        habits.put(new Of(topic, kind), Habit.STAYS);
        givenUp.compute(topic, (t, kinds) -> {
            Map<String, Integer> counts = kinds == null ? new HashMap<>() : new HashMap<>(kinds);
            counts.merge(kind, 1, Integer::sum);
            return counts;
        });
    }

    /** Whether records of this topic were given up since its last success. */
    boolean hasGivenUp(String topic) {
        return givenUp.containsKey(topic);
    }

    /** How many records of this topic were given up for failures of this kind since its last success. */
    int givenUpAlike(String topic, String kind) {
        return givenUp.getOrDefault(topic, Map.of()).getOrDefault(kind, 0);
    }
}
