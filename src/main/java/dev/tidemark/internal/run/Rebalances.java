package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkListener;
import dev.tidemark.TidemarkListener.Rebalance;
import dev.tidemark.TidemarkListener.Rebalance.Kind;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens on the poll thread when partitions are assigned and revoked. Nothing here calls a broker or the database; the only
 * wait is for the units of revoked partitions.
 */
final class Rebalances implements ConsumerRebalanceListener {
    private static final Logger LOG = LoggerFactory.getLogger(Rebalances.class);

    private final String groupId;
    private final Assignment assigned;
    private final Seeks seeks;
    private final PartitionQueues queues;
    private final ControlThread control;
    private final Mirror mirror;
    private final TidemarkListener listener;
    private final Duration drain;

    /**
     * @param drain how long a revocation waits for open units; what is not finished then is fenced by the successor
     */
    Rebalances(
            String groupId,
            Assignment assigned,
            Seeks seeks,
            PartitionQueues queues,
            ControlThread control,
            Mirror mirror,
            TidemarkListener listener,
            Duration drain) {
        this.groupId = groupId;
        this.assigned = assigned;
        this.seeks = seeks;
        this.queues = queues;
        this.control = control;
        this.mirror = mirror;
        this.listener = listener;
        this.drain = drain;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> claims = new HashMap<>();
        for (TopicPartition partition : partitions) {
            seeks.hold(partition);
            boolean leaving = queues.isLeaving(partition);
            AssignedPartition slot =
                    assigned.add(partition, leaving ? PartitionState.DRAINING : PartitionState.CLAIMING);
            if (!leaving) {
                claims.put(partition, slot.assignment);
            }
        }
        if (!claims.isEmpty()) {
            control.claim(claims, Duration.ZERO);
        }
        if (!partitions.isEmpty()) {
            LOG.info("assigned group={} partitions={}", groupId, partitions);
        }
        report(Kind.ASSIGNED, partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return;
        }
        List<Claim> claims = leave(partitions);
        if (!awaitUnits(partitions)) {
            LOG.warn("units outlast the revocation of their partitions group={} partitions={}", groupId, partitions);
        }
        mirror.commit(partitions);
        control.release(claims);
        LOG.info("revoked group={} partitions={}", groupId, partitions);
        report(Kind.REVOKED, partitions);
    }

    private boolean awaitUnits(Collection<TopicPartition> partitions) {
        long end = Host.nanoTime() + drain.toNanos();
        while (true) {
            try {
                return queues.awaitIdle(partitions, Duration.ofNanos(end - Host.nanoTime()));
            } catch (InterruptedException e) {
                if (!OwnThread.mayContinue(e)) {
                    return false;
                }
            }
        }
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return;
        }
        control.release(leave(partitions));
        mirror.forget(partitions);
        LOG.warn("lost group={} partitions={}", groupId, partitions);
        report(Kind.LOST, partitions);
    }

    private void report(Kind kind, Collection<TopicPartition> partitions) {
        listener.rebalanced(new Rebalance(groupId, kind, Set.copyOf(partitions)));
    }

    private List<Claim> leave(Collection<TopicPartition> partitions) {
        queues.close(partitions);
        control.forget(partitions);
        LOG.debug(
                "open units group={} partitions={}",
                groupId,
                partitions.stream().filter(queues::isLeaving).toList());
        // What a dead worker held is left as by a killed process.
        return assigned.remove(partitions).stream()
                .filter(claim -> !queues.isAbandoned(claim))
                .toList();
    }
}
