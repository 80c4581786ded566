package dev.tidemark.internal.loop;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** One partition that is assigned to a {@link ClaimingLoop}. Used by the thread that polls. */
final class Share {
    /** What is to come next. */
    enum State {
        /** The control thread's word on a claim. */
        CLAIMING,
        /** Records. */
        READING,
        /** The verdict on a position that the log does not have. */
        EXPLAINING,
        /** A poll, in which Kafka may take the partition away, and then a claim. */
        LOST,
        /** An operator's resume. */
        PAUSED,
        /** A person, or the next try after a while. */
        HALTED
    }

    final TopicPartition partition;
    State state = State.CLAIMING;

    /** Which claim it waits for; any other comes too late. */
    long assignment;

    /** At the position up to which effects are known to have committed. */
    @Nullable
    Claim claim;

    /** The claim that was lost, until the next one tells why. */
    @Nullable
    Claim lost;

    /** Where fetching goes on; at or beyond the claim's position while there is one. */
    Position fetched = Position.of(0);

    /** Since when, by {@link System#nanoTime}, fetching is beyond the claim's position without a record. */
    long tailSince;

    /** How long to wait before the claim that follows a loss. */
    Duration patience = Duration.ZERO;

    /** How often in a row what was handed out was not confirmed, or the claim was lost soon after it was made. */
    int setbacks;

    long lostAt;

    @Nullable
    TidemarkException why;

    /** Whether the reason why it halted was thrown. */
    boolean told;

    /** When, by {@link System#nanoTime}, it is to be thrown again, or a claim that was refused to be tried again. */
    long dueAt;

    Share(TopicPartition partition, long assignment) {
        this.partition = partition;
        this.assignment = assignment;
    }

    boolean holds(Claim other) {
        return claim != null && claim.token().equals(other.token());
    }

    /** Whether it waits for a claim: for one that is under way, or because it was refused and what stood against it may be repaired. */
    boolean mayBeClaimed() {
        return is(State.CLAIMING) || (is(State.HALTED) && claim == null);
    }

    /** Whether fetching is beyond the claim's position although nothing is handed out. */
    boolean hasTail() {
        return claim != null && fetched.nextOffset() > claim.position().nextOffset();
    }

    boolean is(State... states) {
        for (State s : states) {
            if (s == state) {
                return true;
            }
        }
        return false;
    }
}
