package dev.tidemark.internal.loop;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlEvents;
import dev.tidemark.internal.control.Unfinished;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.plan.Waiting;
import dev.tidemark.internal.run.ForeignMembers;
import dev.tidemark.internal.run.Problems;
import dev.tidemark.internal.run.UnseenTopics;
import dev.tidemark.offsets.Claim;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Events from the control thread for a {@link ClaimingLoop}, kept until its next poll. Any thread may report. */
final class LoopEvents implements ControlEvents {
    private final ConcurrentLinkedQueue<Consumer<Shares>> pending = new ConcurrentLinkedQueue<>();
    private final ForeignMembers foreignMembers;
    private final UnseenTopics unseen;
    private volatile Map<TopicPartition, Waiting> waits = Map.of();
    private volatile @Nullable TidemarkException failure;
    private volatile @Nullable TidemarkException missing;

    LoopEvents(ForeignMembers foreignMembers, UnseenTopics unseen) {
        this.foreignMembers = foreignMembers;
        this.unseen = unseen;
    }

    /** The error that ends the consumer; null while there is none. */
    @Nullable
    TidemarkException failure() {
        return failure;
    }

    /** Topics that do not exist; null if all of them do. */
    @Nullable
    TidemarkException missing() {
        return missing;
    }

    /** The partitions for which nothing can be fetched. Any thread may ask. */
    List<Waiting> waits() {
        return List.copyOf(waits.values());
    }

    /** Delivers all of them, in order, on the caller's thread. */
    void deliver(Shares shares) {
        Consumer<Shares> next = pending.poll();
        boolean delivered = next != null;
        while (next != null) {
            next.accept(shares);
            next = pending.poll();
        }
        if (delivered) {
            shares.publish();
        }
    }

    @Override
    public void claimed(Map<ClaimedPartition, Long> assignments) {
        pending.add(shares -> shares.claimed(assignments));
    }

    @Override
    public void refused(TopicPartition partition, long assignment, TidemarkException why) {
        pending.add(shares -> shares.refused(partition, assignment, why));
    }

    @Override
    public void waiting(Collection<TopicPartition> partitions, TidemarkException why) {
        pending.add(shares -> shares.waiting(partitions, why));
    }

    @Override
    public void waits(Map<TopicPartition, TidemarkException> found) {
        // The transactions are the caller's own, so the locks that they wait for do not matter here.
        long now = System.nanoTime();
        Map<TopicPartition, Waiting> next = new HashMap<>();
        found.forEach((partition, why) -> {
            Waiting before = waits.get(partition);
            next.put(
                    partition,
                    new Waiting(
                            partition,
                            OptionalLong.empty(),
                            before == null ? now : before.since(),
                            why,
                            Problems.of(why).toString(),
                            false,
                            false));
        });
        waits = Map.copyOf(next);
    }

    @Override
    public void pauses(Pauses now) {
        pending.add(shares -> shares.pauses(now));
    }

    @Override
    public void lost(Collection<Claim> claims, TidemarkException why) {
        pending.add(shares -> shares.lost(claims));
    }

    @Override
    public void halted(Collection<Claim> claims, TidemarkException why) {
        pending.add(shares -> shares.halted(claims, why));
    }

    @Override
    public void logEnds(Map<TopicPartition, Long> ends) {
        // Sampled for the view consumer_lag; this consumer has no status of its own.
    }

    @Override
    public void unmoved(Map<TopicPartition, Claim> idle) {
        pending.add(shares -> shares.idle().unmoved(idle));
    }

    @Override
    public void missing(@Nullable TidemarkException why) {
        missing = why;
    }

    @Override
    public void unseen(@Nullable TidemarkException why) {
        unseen.are(why);
    }

    @Override
    public void unfinished(Unfinished left) {
        // Only runs that end by themselves use this.
    }

    @Override
    public void heldByForeignMembers(Map<TopicPartition, String> holders) {
        foreignMembers.hold(holders);
    }

    @Override
    public void failed(TidemarkException why) {
        failure = why;
    }
}
