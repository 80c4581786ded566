package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.IsolatedRecord;
import dev.tidemark.internal.plan.IsolatedRecord.Failure;
import dev.tidemark.internal.plan.IsolatedRecord.Rounds;
import dev.tidemark.internal.queue.PartitionHistory;
import dev.tidemark.internal.queue.PartitionShare;
import dev.tidemark.internal.queue.RawRecords;
import dev.tidemark.internal.queue.Settlement;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** A share as its unit goes on: what is behind it, and how it is to be settled. Used by one worker. */
final class ShareProgress<K, V> {
    /** Nanoseconds do not count much further. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private final PartitionShare taken;

    /** The share's records, but for those whose keys are held; these follow in the transaction that passes over them. */
    private final List<ConsumerRecord<byte[], byte[]>> free;

    private final List<ConsumerRecord<K, V>> records;
    private Claim claim;

    /** How many of the share's records are behind the position, and how many of the free ones. */
    private int done;

    private int freeDone;
    private long delay;
    private boolean troubled;
    private boolean closing;
    private @Nullable IsolatedRecord alone;

    /** Of a share without records of held keys. */
    ShareProgress(PartitionShare taken, List<ConsumerRecord<K, V>> records) {
        this(taken, taken.records(), records);
    }

    /**
     * @param free the share's records, but for those whose keys are held
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

    /** The claim with the position that this unit has come to. */
    Claim claim() {
        return claim;
    }

    TopicPartition partition() {
        return claim.partition();
    }

    /** Decoded records that are still to be handled. */
    List<ConsumerRecord<K, V>> left() {
        return records.subList(Math.min(freeDone, records.size()), records.size());
    }

    /** The first record that is not behind the position and may be handled. */
    ConsumerRecord<byte[], byte[]> firstRaw() {
        return free.get(freeDone);
    }

    /** The first record that is not behind the position, whether it may be handled or not. */
    ConsumerRecord<byte[], byte[]> next() {
        return taken.records().get(done);
    }

    /** Whether records of held keys stand before the first that may be handled. */
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

    /** What is known of its first record, if that was tried by itself before. */
    private @Nullable IsolatedRecord known() {
        IsolatedRecord a = alone;
        return a != null && hasLeft() && a.offset() == firstRaw().offset() ? a : null;
    }

    /** How often its first record was tried by itself before. */
    int attemptsAlone() {
        IsolatedRecord a = known();
        return a == null ? 0 : a.attempts();
    }

    /** The first of the failures alike that its first record has had; null if it has not failed by itself. */
    @Nullable
    Failure failure() {
        IsolatedRecord a = known();
        return a == null ? null : a.failure();
    }

    /** What came of earlier rounds of tries of its first record; null if there was none. */
    @Nullable
    Rounds rounds() {
        IsolatedRecord a = known();
        return a == null ? null : a.rounds();
    }

    /** Whether the next try of its first record must tell a wait for a lock from work that takes long. */
    boolean isLockTimed() {
        IsolatedRecord a = known();
        return a != null && a.lockTimed();
    }

    /** Its first record has failed by itself. */
    void failed(Failure failure) {
        alone = new IsolatedRecord(firstRaw().offset(), attemptsAlone(), isLockTimed(), failure, rounds());
    }

    /** From now on, tries of its first record tell a wait for a lock from work that takes long. */
    void lockTimed() {
        alone = new IsolatedRecord(firstRaw().offset(), attemptsAlone(), true, failure(), rounds());
    }

    /** The first so many records that are not behind the position, as Kafka delivered them. */
    List<ConsumerRecord<byte[], byte[]>> raw(int count) {
        return free.subList(freeDone, freeDone + count);
    }

    /** Whether a record is left that is not behind the position and may be handled. */
    boolean hasLeft() {
        return freeDone < free.size();
    }

    /** The records behind the first one, as Kafka delivered them. */
    List<ConsumerRecord<byte[], byte[]>> behindFirst() {
        return free.subList(Math.min(freeDone + 1, free.size()), free.size());
    }

    /** Where the position moves once so many more records took effect: up to the next that may be handled. */
    Position after(int more) {
        int handled = freeDone + more;
        int end = handled < free.size()
                ? RawRecords.below(taken.records(), free.get(handled).offset())
                : taken.records().size();
        Position tail = taken.tail();
        boolean all = end == taken.records().size();
        return all && tail != null ? tail : Position.after(taken.records().get(end - 1));
    }

    /** What is below this position is behind us. */
    void moved(Position to) {
        claim = claim.at(to);
        done = Math.max(done, RawRecords.below(taken.records(), to.nextOffset()));
        freeDone = Math.max(freeDone, RawRecords.below(free, to.nextOffset()));
        IsolatedRecord a = alone;
        alone = a != null && a.offset() >= to.nextOffset() ? a : null;
    }

    /** Its first record is to be tried by itself next, having been so often. */
    void tryAlone(int attempts) {
        alone = new IsolatedRecord(firstRaw().offset(), attempts, isLockTimed(), failure(), rounds());
    }

    /** Its first record is to be tried by itself in another round, in which nothing of this one counts. */
    void tryInAnotherRound(Rounds rounds) {
        alone = new IsolatedRecord(firstRaw().offset(), attemptsAlone(), isLockTimed(), null, rounds);
    }

    void waitFor(Duration wait) {
        delay = (wait.compareTo(LONGEST) < 0 ? wait : LONGEST).toNanos();
    }

    /** Passing trouble: the same again after a while. */
    void trouble(Duration wait) {
        delay = Math.max(1, wait.toNanos());
        troubled = true;
    }

    void close() {
        closing = true;
    }

    /** Whether no further unit of this claim is to come. */
    boolean isClosing() {
        return closing;
    }

    /** Whether something took effect that was tried in vain before, and nothing is in the way again. */
    boolean hasRecovered() {
        return wasTriedBefore() && hasMoved() && delay == 0 && !closing;
    }

    boolean hasMoved() {
        return claim.position().nextOffset() > taken.claim().position().nextOffset();
    }

    Settlement settlement() {
        return new Settlement(taken, done, hasMoved() ? claim.position() : null, delay, troubled, alone, closing);
    }
}
