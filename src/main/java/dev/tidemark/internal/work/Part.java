package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.internal.plan.Alone;
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

    /** How often its first record was tried by itself before. */
    int attemptsAlone() {
        Alone a = alone;
        return a != null
                        && done < portion.records().size()
                        && a.offset() == firstRaw().offset()
                ? a.attempts()
                : 0;
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
        alone = new Alone(firstRaw().offset(), attempts);
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
