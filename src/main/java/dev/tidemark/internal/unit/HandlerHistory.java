package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.Evidence.Habit;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.Verdict;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The recent results of a consumer's records, in all its workers, by topic: what works for one topic says little about another.
 * Thread-safe.
 */
public final class HandlerHistory {
    private static final int FIRST_LOOKS = 64;
    private static final int LOOK_EVERY = 16;

    private final Map<String, Map<String, GivenUp>> givenUp = new ConcurrentHashMap<>();
    private final Map<Of, Habit> habits = new ConcurrentHashMap<>();
    private final Set<String> writing = ConcurrentHashMap.newKeySet();

    private final Map<String, Integer> looks = new ConcurrentHashMap<>();

    private record Of(String topic, String kind) {}

    private record GivenUp(int records, boolean inDatabase) {}

    /** A record of this topic wrote a row. */
    void wrote(String topic) {
        writing.add(topic);
    }

    /** Whether handling this topic is known to write rows. */
    boolean writes(String topic) {
        return writing.contains(topic);
    }

    /** Whether it is time to check whether records of this topic write: in its first units, then now and then until one does. */
    boolean isLookDue(String topic) {
        if (writes(topic)) {
            return false;
        }
        int units = looks.merge(topic, 1, Integer::sum);
        return units <= FIRST_LOOKS || units % LOOK_EVERY == 0;
    }

    /**
     * Whether a success is evidence about records that fail in this way. One that wrote no row may have ignored its record; it
     * counts if no record of the topic writes any and none fails in the database.
     */
    boolean counts(String topic, boolean wrote, boolean inDatabase) {
        return wrote || (!inDatabase && !writes(topic));
    }

    /**
     * A record of this topic took effect.
     *
     * @param readyToWrite whether it got as far as writing to a table
     */
    void succeeded(String topic, boolean readyToWrite) {
        givenUp.computeIfPresent(topic, (t, kinds) -> {
            Map<String, GivenUp> left = new HashMap<>(kinds);
            left.values().removeIf(given -> counts(topic, readyToWrite, given.inDatabase()));
            return left.isEmpty() ? null : left;
        });
    }

    /** A record of this topic that failed in this way by itself has succeeded, though nothing was changed. */
    void passed(String topic, String kind) {
        habits.put(new Of(topic, kind), Habit.PASSES);
    }

    /** What is known about failures of this kind. */
    Habit habit(String topic, String kind) {
        return habits.getOrDefault(new Of(topic, kind), Habit.UNKNOWN);
    }

    /** A record of this topic was given up for a failure like this. */
    void gaveUp(String topic, SqlFacts failure) {
        habits.put(new Of(topic, failure.kind()), Habit.STAYS);
        givenUp.compute(topic, (t, kinds) -> {
            Map<String, GivenUp> counts = kinds == null ? new HashMap<>() : new HashMap<>(kinds);
            GivenUp before = counts.get(failure.kind());
            counts.put(failure.kind(), new GivenUp(before == null ? 1 : before.records() + 1, failure.fromDatabase()));
            return counts;
        });
    }

    /** Records of this topic fail like this and none succeeds, so that none of them was blamed. */
    void failTogether(String topic, SqlFacts failure) {
        givenUp.compute(topic, (t, kinds) -> {
            Map<String, GivenUp> counts = kinds == null ? new HashMap<>() : new HashMap<>(kinds);
            counts.put(failure.kind(), new GivenUp(Verdict.MOST_WITHOUT_EVIDENCE, failure.fromDatabase()));
            return counts;
        });
    }

    /** Whether records of this topic were given up since a success that counts, or failed together. */
    boolean hasGivenUp(String topic) {
        return givenUp.containsKey(topic);
    }

    /**
     * How many records of this topic were given up for failures of this kind since the last success that counts; the maximum if
     * records failed together like this.
     */
    int givenUpAlike(String topic, String kind) {
        GivenUp given = givenUp.getOrDefault(topic, Map.of()).get(kind);
        return given == null ? 0 : given.records();
    }
}
