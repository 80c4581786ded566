package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.time.Instant;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** One assigned partition. Changed by the poll thread under the lock of its {@link Assignment}. */
final class AssignedPartition {
    final TopicPartition partition;

    /** Which assignment this is; claims requested under another one are void. */
    long assignment;

    @Nullable
    Claim claim;

    /** The claim that was lost, until the next one shows why. */
    @Nullable
    Claim lost;

    /** How often this assignment was fenced, and why the last time. */
    long fences;

    @Nullable
    FencedException lastFence;

    /** Waits for the diagnosis of a position that the log does not have; nothing may be fetched until then. */
    boolean held;

    private @Nullable DatedProblem problem;
    private @Nullable DatedProblem unitWait;

    /** How often the claim was lost in quick succession, and when last, by {@link System#nanoTime}. */
    int losses;

    long lostAt;

    /** Since when it has no claim, by {@link System#nanoTime}. */
    long unclaimedSince = Host.nanoTime();

    private PartitionState state;

    /**
     * Something that is wrong.
     *
     * @param nanos since when, by {@link System#nanoTime}
     * @param at the same, as a wall-clock time
     */
    record DatedProblem(TidemarkException why, long nanos, Instant at) {
        static DatedProblem now(TidemarkException why) {
            return new DatedProblem(why, Host.nanoTime(), Instant.now());
        }
    }

    AssignedPartition(TopicPartition partition, long assignment, PartitionState state) {
        this.partition = partition;
        this.assignment = assignment;
        this.state = state;
    }

    PartitionState state() {
        return state;
    }

    boolean is(PartitionState... states) {
        for (PartitionState s : states) {
            if (s == state) {
                return true;
            }
        }
        return false;
    }

    /** Whether records of it may be fetched. */
    boolean isReading() {
        return !held && is(PartitionState.RUNNING, PartitionState.RETRYING);
    }

    /** Why it has halted, or what failed and is retried; null if neither applies. */
    @Nullable
    DatedProblem problem() {
        return problem;
    }

    /** What its unit waits for; null if it does not, as far as is known. */
    @Nullable
    DatedProblem unitWait() {
        return unitWait;
    }

    /** Nothing is wrong any more. */
    void clear() {
        problem = null;
        unitWait = null;
    }

    /** It has failed from now on, whatever was wrong before. */
    void failed(TidemarkException why) {
        clear();
        problem = DatedProblem.now(why);
    }

    /** It has failed, or still does, for this reason now. */
    void stillFailing(TidemarkException why) {
        DatedProblem before = problem;
        problem = before == null ? DatedProblem.now(why) : new DatedProblem(why, before.nanos(), before.at());
    }

    /** What its unit waits for now; null if it does not. */
    void waitsFor(@Nullable TidemarkException why) {
        DatedProblem before = unitWait;
        unitWait = why == null
                ? null
                : before == null ? DatedProblem.now(why) : new DatedProblem(why, before.nanos(), before.at());
    }

    /** Whether it waits for a claim: for its first one, or because it was refused and the reason may be fixed. */
    boolean mayBeClaimed() {
        return is(PartitionState.CLAIMING) || (is(PartitionState.HALTED) && claim == null);
    }

    void become(PartitionState next) {
        if (!state.canBecome(next)) {
            throw new IllegalStateException(partition + " cannot become " + next + " from " + state);
        }
        state = next;
    }

    /** How long to wait before a lost claim is made again: not at all, unless it is lost again and again. */
    Duration patience() {
        return losses <= 1 ? Duration.ZERO : Backoff.TRANSIENT.after(losses - 1, Host.random());
    }

    boolean holds(Claim other) {
        return claim != null && claim.token().equals(other.token());
    }
}
