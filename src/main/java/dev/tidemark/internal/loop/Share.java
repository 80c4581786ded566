package dev.tidemark.internal.loop;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** One partition that is assigned to a {@link ClaimingLoop}. Used by the thread that polls. */
final class Share {
    /** What is expected next. */
    enum State {
        /** The control thread's reply about a claim. */
        CLAIMING,
        /** Records. */
        READING,
        /** The diagnosis of a position that the log does not have. */
        EXPLAINING,
        /** A poll, in which Kafka may revoke the partition, and then a claim. */
        LOST,
        /** An operator's resume. */
        PAUSED,
        /** An operator, or the next try after a while. */
        HALTED
    }

    final TopicPartition partition;
    State state = State.CLAIMING;

    /** Which claim it waits for; any other is too late. */
    long assignment;

    /** The claim, at the position up to which effects are known to have committed. */
    @Nullable
    Claim claim;

    /** The claim that was lost, until the next one shows why. */
    @Nullable
    Claim lost;

    /** Where fetching continues; at or beyond the claim's position while there is one. */
    Position fetched = Position.of(0);

    /** Since when, by {@link System#nanoTime}, fetching is beyond the claim's position without a record. */
    long tailSince;

    /** How long to wait before the claim that follows a loss. */
    Duration patience = Duration.ZERO;

    /** How often in a row what was returned was not confirmed, or the claim was lost soon after it was made. */
    int setbacks;

    long lostAt;

    @Nullable
    TidemarkException why;

    /** Whether the reason why it halted was thrown. */
    boolean thrown;

    /** When, by {@link System#nanoTime}, it has to be thrown again, or a refused claim retried. */
    long dueAt;

    Share(TopicPartition partition, long assignment) {
        this.partition = partition;
        this.assignment = assignment;
    }

    boolean holds(Claim other) {
        return claim != null && claim.token().equals(other.token());
    }

    /** Whether it waits for a claim: for one that is in progress, or because it was refused and the reason may be fixed. */
    boolean mayBeClaimed() {
        return is(State.CLAIMING) || (is(State.HALTED) && claim == null);
    }

    /** Whether fetching is beyond the claim's position although nothing has been returned. */
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
