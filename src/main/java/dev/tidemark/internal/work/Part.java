package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.internal.plan.Alone;
import dev.tidemark.internal.plan.Alone.Failure;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** A portion as its unit goes on: what is behind it, and how it is to be settled. Used by one worker. */
final class Part<K, V> {
    /** Nanoseconds do not count much further. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private final Portion portion;
    private final List<ConsumerRecord<K, V>> records;
    private Claim claim;
    private int done;
    private long delay;
    private boolean troubled;
    private boolean closing;
    private @Nullable Alone alone;

    /**
     * @param records the portion's records decoded, or as many of them from the beginning as this unit may handle
     */
    Part(Portion portion, List<ConsumerRecord<K, V>> records) {
        this.portion = portion;
        this.records = records;
        this.claim = portion.claim();
        this.alone = portion.lane().alone;
    }

    Lane lane() {
        return portion.lane();
    }

    Portion portion() {
        return portion;
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
        return records.subList(Math.min(done, records.size()), records.size());
    }

    /** The first record that is not behind the position. */
    ConsumerRecord<byte[], byte[]> firstRaw() {
        return portion.records().get(done);
    }

    private boolean wasTriedBefore() {
        return portion.attempt() > 1 || lane().alone != null;
    }

    /** What is known of its first record, if that was tried by itself before. */
    private @Nullable Alone known() {
        Alone a = alone;
        return a != null
                        && done < portion.records().size()
                        && a.offset() == firstRaw().offset()
                ? a
                : null;
    }

    /** How often its first record was tried by itself before. */
    int attemptsAlone() {
        Alone a = known();
        return a == null ? 0 : a.attempts();
    }

    /** The first of the failures alike that its first record has had; null if it has not failed by itself. */
    @Nullable
    Failure failure() {
        Alone a = known();
        return a == null ? null : a.failure();
    }

    /** Whether the next try of its first record must tell a wait for a lock from work that takes long. */
    boolean isLockTimed() {
        Alone a = known();
        return a != null && a.lockTimed();
    }

    /** Its first record has failed by itself. */
    void failed(Failure failure) {
        alone = new Alone(firstRaw().offset(), attemptsAlone(), isLockTimed(), failure);
    }

    /** From now on, tries of its first record tell a wait for a lock from work that takes long. */
    void lockTimed() {
        alone = new Alone(firstRaw().offset(), attemptsAlone(), true, failure());
    }

    /** The first so many records that are not behind the position, as Kafka delivered them. */
    List<ConsumerRecord<byte[], byte[]>> raw(int count) {
        return portion.records().subList(done, done + count);
    }

    /** Whether a record is left that is not behind the position. */
    boolean hasLeft() {
        return done < portion.records().size();
    }

    /** The records behind the first one, as Kafka delivered them. */
    List<ConsumerRecord<byte[], byte[]>> behindFirst() {
        List<ConsumerRecord<byte[], byte[]>> all = portion.records();
        return all.subList(Math.min(done + 1, all.size()), all.size());
    }

    /** Where the position moves once so many more records took effect. */
    Position after(int more) {
        int end = done + more;
        Position tail = portion.tail();
        boolean all = end == portion.records().size();
        return all && tail != null ? tail : Position.after(portion.records().get(end - 1));
    }

    /** What is below this position is behind us. */
    void moved(Position to) {
        claim = claim.at(to);
        done = Math.max(done, Batch.below(portion.records(), to.nextOffset()));
        alone = null;
    }

    /** Its first record is to be tried by itself next, having been so often. */
    void tryAlone(int attempts) {
        alone = new Alone(firstRaw().offset(), attempts, isLockTimed(), failure());
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

    /** Whether something took effect that was tried in vain before, and nothing is in the way again. */
    boolean hasRecovered() {
        return wasTriedBefore() && hasMoved() && delay == 0 && !closing;
    }

    boolean hasMoved() {
        return claim.position().nextOffset() > portion.claim().position().nextOffset();
    }

    Settlement settlement() {
        return new Settlement(portion, done, hasMoved() ? claim.position() : null, delay, troubled, alone, closing);
    }
}
