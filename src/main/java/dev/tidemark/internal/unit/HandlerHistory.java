package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.Evidence.Habit;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.Verdict;
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

    private final GivenUpRecords givenUp = new GivenUpRecords();
    private final Map<Of, Habit> habits = new ConcurrentHashMap<>();
    private final Set<String> writing = ConcurrentHashMap.newKeySet();

    private final Map<String, Integer> looks = new ConcurrentHashMap<>();

    private record Of(String topic, String kind) {}

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
        givenUp.succeeded(topic, inDatabase -> counts(topic, readyToWrite, inDatabase));
    }

    /** A record of this topic that failed in this way by itself has succeeded, though nothing was changed. */
    void passed(String topic, String kind) {
        habits.put(new Of(topic, kind), Habit.PASSES);
    }

    /** What is known about failures of this kind. */
    Habit habit(String topic, String kind) {
        return habits.getOrDefault(new Of(topic, kind), Habit.UNKNOWN);
    }

    /**
     * Counts a record that is about to be given up for a failure like this.
     *
     * @param limited whether only a few in a row may be
     * @return whether it may be
     */
    boolean reserve(RecordId record, SqlFacts failure, boolean limited) {
        return givenUp.reserve(record, failure, limited);
    }

    /** A record that was counted was certainly not given up. */
    void release(RecordId record, SqlFacts failure) {
        givenUp.release(record, failure);
    }

    /** A record that was counted is given up. */
    void gaveUp(RecordId record, SqlFacts failure) {
        habits.put(new Of(record.partition().topic(), failure.kind()), Habit.STAYS);
        // One that succeeded in the meantime may have cleared the count.
        boolean unused = givenUp.reserve(record, failure, false);
    }

    /** Records of this topic fail like this and none succeeds, so that none of them was blamed. */
    void failTogether(String topic, SqlFacts failure) {
        givenUp.failTogether(topic, failure);
    }

    /** Whether records of this topic were given up since a success that counts, or failed together. */
    boolean hasGivenUp(String topic) {
        return givenUp.hasAny(topic);
    }

    /**
     * How many records of this topic were given up, or are about to be, for failures of this kind since the last success that
     * counts; {@link Verdict#FAILED_TOGETHER} if records failed together like this.
     */
    int givenUpAlike(String topic, String kind) {
        return givenUp.count(topic, kind);
    }
}
