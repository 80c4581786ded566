package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.IsolatedRecord;
import dev.tidemark.internal.plan.IsolatedRecord.Failure;
import dev.tidemark.internal.plan.IsolatedRecord.Rounds;
import dev.tidemark.internal.queue.PartitionHistory;
import dev.tidemark.internal.queue.PartitionShare;
import dev.tidemark.internal.queue.RawRecords;
import dev.tidemark.internal.queue.Settlement;
import dev.tidemark.internal.store.connection.UnitSights.Doing;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** A share's progress in its unit: which of its records are done, and how it will be settled. Used by one worker. */
final class ShareProgress<K, V> {
    /** Well below what a long can hold in nanoseconds. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private final PartitionShare taken;

    /** The share's records, except those whose keys are held; these are parked in the transaction that moves beyond them. */
    private final List<ConsumerRecord<byte[], byte[]>> free;

    private final List<ConsumerRecord<K, V>> records;
    private Claim claim;

    /** How many of the share's records the position has moved past, and how many of the free ones. */
    private int done;

    private int freeDone;
    private long delay;
    private boolean transientFailure;
    private boolean closing;
    private @Nullable IsolatedRecord alone;

    /** For a share without records of held keys. */
    ShareProgress(PartitionShare taken, List<ConsumerRecord<K, V>> records) {
        this(taken, taken.records(), records);
    }

    /**
     * @param free the share's records, except those whose keys are held
     * @param records the free records decoded, or as many of them from the beginning as this unit may handle
     */
    ShareProgress(PartitionShare taken, List<ConsumerRecord<byte[], byte[]>> free, List<ConsumerRecord<K, V>> records) {
        this.taken = taken;
        this.free = free;
        this.records = records;
        this.claim = taken.claim();
        this.alone = taken.alone();
    }

    PartitionHistory history() {
        return taken.history();
    }

    PartitionShare taken() {
        return taken;
    }

    /** The claim with the position that this unit has reached. */
    Claim claim() {
        return claim;
    }

    TopicPartition partition() {
        return claim.partition();
    }

    /** Decoded records that still have to be handled. */
    List<ConsumerRecord<K, V>> left() {
        return records.subList(Math.min(freeDone, records.size()), records.size());
    }

    /** The first record at or after the position that may be handled. */
    ConsumerRecord<byte[], byte[]> firstRaw() {
        return free.get(freeDone);
    }

    /** The first record at or after the position, whether it may be handled or not. */
    ConsumerRecord<byte[], byte[]> next() {
        return taken.records().get(done);
    }

    /** Whether there are records of held keys before the first that may be handled. */
    boolean hasLeaders() {
        return hasLeft() && firstRaw().offset() != next().offset();
    }

    /** The records of held keys between the position and another one. */
    List<ConsumerRecord<byte[], byte[]>> followers(Position to) {
        List<ConsumerRecord<byte[], byte[]>> followers = new ArrayList<>();
        int end = RawRecords.below(taken.records(), to.nextOffset());
        int handled = freeDone;
        for (ConsumerRecord<byte[], byte[]> record : taken.records().subList(done, Math.max(done, end))) {
            if (handled < free.size() && free.get(handled).offset() == record.offset()) {
                handled++;
            } else {
                followers.add(record);
            }
        }
        return followers;
    }

    /** Whether nothing of it may be handled, as all of its records are of held keys. */
    boolean onlyFollows() {
        return free.isEmpty() && !taken.records().isEmpty();
    }

    private boolean wasTriedBefore() {
        return taken.attempt() > 1 || taken.alone() != null;
    }

    /** What is known about its first record, if that was tried by itself before. */
    private @Nullable IsolatedRecord known() {
        IsolatedRecord a = alone;
        return a != null && hasLeft() && a.offset() == firstRaw().offset() ? a : null;
    }

    /** How often its first record was tried by itself before. */
    int attemptsAlone() {
        IsolatedRecord a = known();
        return a == null ? 0 : a.attempts();
    }

    /** The first of the like failures of its first record; null if it has not failed by itself. */
    @Nullable
    Failure failure() {
        IsolatedRecord a = known();
        return a == null ? null : a.failure();
    }

    /** How its first record has failed if its policy has it tried again; null otherwise. */
    @Nullable
    String retriedFor() {
        Failure failed = attemptsAlone() > 0 ? failure() : null;
        return failed == null ? null : failed.kind();
    }

    /** The result of earlier rounds of tries of its first record; null if there was none. */
    @Nullable
    Rounds rounds() {
        IsolatedRecord a = known();
        return a == null ? null : a.rounds();
    }

    /** Whether the next try of its first record must distinguish a wait for a lock from work that takes long. */
    boolean isLockTimed() {
        IsolatedRecord a = known();
        return a != null && a.lockTimed();
    }

    /** Whether its first record counts as failed although nobody can see whether it waits for a lock. */
    boolean isTooShortToSee() {
        IsolatedRecord a = known();
        return a != null && a.isTooShortToSee();
    }

    /** Whether what a time limit ended in the last try of its first record was too short to be seen. */
    boolean wasUnseen() {
        return unseen() > 0;
    }

    private int unseen() {
        IsolatedRecord a = known();
        return a == null ? 0 : a.unseen();
    }

    /** Its first record has failed by itself. */
    void failed(Failure failure) {
        alone = new IsolatedRecord(firstRaw().offset(), attemptsAlone(), isLockTimed(), unseen(), failure, rounds());
    }

    /** From now on, tries of its first record distinguish a wait for a lock from work that takes long. */
    void lockTimed() {
        alone = new IsolatedRecord(firstRaw().offset(), attemptsAlone(), true, unseen(), failure(), rounds());
    }

    /**
     * A time limit ended a try of its first record.
     *
     * @param seen what was seen of it; null if nobody was to look
     */
    void waited(@Nullable Doing seen) {
        int unseen = seen == Doing.WAITING ? 0 : unseen() + (seen == Doing.UNSEEN ? 1 : 0);
        alone = new IsolatedRecord(firstRaw().offset(), attemptsAlone(), true, unseen, failure(), rounds());
    }

    /** The first records at or after the position, this many, as Kafka delivered them. */
    List<ConsumerRecord<byte[], byte[]>> raw(int count) {
        return free.subList(freeDone, freeDone + count);
    }

    /** Whether a record is left at or after the position that may be handled. */
    boolean hasLeft() {
        return freeDone < free.size();
    }

    /** The records after the first one, as Kafka delivered them. */
    List<ConsumerRecord<byte[], byte[]>> behindFirst() {
        return free.subList(Math.min(freeDone + 1, free.size()), free.size());
    }

    /** Where the position moves once this many more records took effect: up to the next that may be handled. */
    Position after(int more) {
        int handled = freeDone + more;
        int end = handled < free.size()
                ? RawRecords.below(taken.records(), free.get(handled).offset())
                : taken.records().size();
        Position tail = taken.tail();
        boolean all = end == taken.records().size();
        return all && tail != null ? tail : Position.after(taken.records().get(end - 1));
    }

    /** The records below this position are done. */
    void moved(Position to) {
        claim = claim.at(to);
        done = Math.max(done, RawRecords.below(taken.records(), to.nextOffset()));
        freeDone = Math.max(freeDone, RawRecords.below(free, to.nextOffset()));
        IsolatedRecord a = alone;
        alone = a != null && a.offset() >= to.nextOffset() ? a : null;
    }

    /** Its first record has to be tried by itself next, having been tried this many times. */
    void tryAlone(int attempts) {
        alone = new IsolatedRecord(firstRaw().offset(), attempts, isLockTimed(), unseen(), failure(), rounds());
    }

    /** Its first record has to be tried by itself in another round, in which nothing of this one counts. */
    void tryInAnotherRound(Rounds rounds) {
        alone = new IsolatedRecord(firstRaw().offset(), attemptsAlone(), isLockTimed(), unseen(), null, rounds);
    }

    void waitFor(Duration wait) {
        delay = (wait.compareTo(LONGEST) < 0 ? wait : LONGEST).toNanos();
    }

    /** Transient failure: the same again after a while. */
    void failTransiently(Duration wait) {
        delay = Math.max(1, wait.toNanos());
        transientFailure = true;
    }

    void close() {
        closing = true;
    }

    /** Whether this claim gets no further unit. */
    boolean isClosing() {
        return closing;
    }

    /** Whether something took effect that had failed before, and nothing has failed since. */
    boolean hasRecovered() {
        return wasTriedBefore() && hasMoved() && delay == 0 && !closing;
    }

    boolean hasMoved() {
        return claim.position().nextOffset() > taken.claim().position().nextOffset();
    }

    Settlement settlement() {
        return new Settlement(
                taken, done, hasMoved() ? claim.position() : null, delay, transientFailure, alone, closing);
    }
}
