package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.plan.Evidence.Habit;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.Verdict;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;

/**
 * The recent results of a consumer's records, in all its workers, by topic: what works for one topic says little about another.
 * Thread-safe.
 */
public final class HandlerHistory {
    /**
     * After so many records without a row, a topic is taken for one that writes none. While those that would write fail, all that
     * succeeds are the ones that are ignored, so few of them mean nothing; with more than these for each that fails, four cannot be
     * told from bad records far apart.
     */
    private static final int ENOUGH_WITHOUT_ROWS = 100;

    private final GivenUpRecords givenUp = new GivenUpRecords();
    private final Map<Of, Habit> habits = new ConcurrentHashMap<>();
    private final Set<String> writing = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> withoutRows = new ConcurrentHashMap<>();

    private record Of(String topic, String kind) {}

    /**
     * A partition is claimed: what is stored with it replaces what is known here. Where nothing is known to write a row, so many
     * records on that it would be taken for a topic that writes none, those before it do not count any more.
     */
    public void claimed(ClaimedPartition claimed) {
        TopicPartition partition = claimed.claim().partition();
        GivenUp stored = claimed.givenUp();
        boolean far = !writing.contains(partition.topic())
                && stored.since(claimed.claim().position().nextOffset()) >= ENOUGH_WITHOUT_ROWS;
        givenUp.claimed(partition, far ? 0 : stored.unproven());
    }

    /** A record of this topic wrote a row. */
    void wrote(String topic) {
        writing.add(topic);
    }

    /** Records of this topic, none of which was counted here before, took effect without a row. */
    void wroteNothing(String topic, int records) {
        withoutRows.merge(topic, records, (a, b) -> a < ENOUGH_WITHOUT_ROWS ? a + b : a);
    }

    /**
     * Whether it matters if a unit of this topic writes rows: as long as none did, since the first one that does changes what a
     * success without rows proves, and after a failure.
     */
    boolean isWritingOfInterest(String topic) {
        return !writing.contains(topic) || hasGivenUp(topic);
    }

    private boolean writesNothing(String topic) {
        return !writing.contains(topic) && withoutRows.getOrDefault(topic, 0) >= ENOUGH_WITHOUT_ROWS;
    }

    /**
     * Whether a success is evidence about records that fail in this way. One that wrote no row may have ignored its record; it
     * counts if the topic is known to write none and none fails in the database. As long as that is unknown, it does not.
     */
    boolean counts(String topic, boolean wrote, boolean inDatabase) {
        return wrote || (!inDatabase && writesNothing(topic));
    }

    /**
     * A record of this topic took effect.
     *
     * @param wrote whether it wrote a row
     * @param readyToWrite whether it got as far as writing to a table
     */
    void succeeded(String topic, boolean wrote, boolean readyToWrite) {
        givenUp.succeeded(topic, inDatabase -> isEvidence(topic, wrote, readyToWrite, inDatabase));
    }

    /** Whether a success is evidence about some failures at least, so that not everything fails. */
    boolean isEvidence(String topic, boolean wrote, boolean readyToWrite) {
        return isEvidence(topic, wrote, readyToWrite, false);
    }

    private boolean isEvidence(String topic, boolean wrote, boolean readyToWrite, boolean inDatabase) {
        boolean known = writing.contains(topic) || writesNothing(topic);
        return counts(topic, wrote || (known && readyToWrite), inDatabase);
    }

    /** How many records of a partition were given up, or are about to be, without evidence, since a success of its topic that counts. */
    int unproven(TopicPartition partition) {
        return givenUp.unproven(partition);
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

    /** Records fail like this and none of their topic succeeds, so that none of them was blamed; this partition halts. */
    void failTogether(TopicPartition partition, SqlFacts failure) {
        givenUp.failTogether(partition, failure);
    }

    /** Whether records of this topic were given up since a success that counts, or failed together. */
    boolean hasGivenUp(String topic) {
        return givenUp.hasAny(topic);
    }

    /**
     * How many records of this topic were given up, or are about to be, since the last success that counts: for failures of this
     * kind, or for any without evidence of their own; {@link Verdict#FAILED_TOGETHER} if records failed together like this.
     */
    int givenUpInARow(String topic, String kind) {
        return givenUp.count(topic, kind);
    }
}
