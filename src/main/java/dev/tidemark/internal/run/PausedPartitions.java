package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The partitions paused by an operator. Used by the poll thread. */
final class PausedPartitions {
    private static final Logger LOG = LoggerFactory.getLogger(PausedPartitions.class);

    private final String groupId;
    private final Assignment assigned;
    private final Seeks seeks;
    private final PartitionQueues queues;
    private final ControlThread control;
    private Pauses pauses = Pauses.none();

    PausedPartitions(String groupId, Assignment assigned, Seeks seeks, PartitionQueues queues, ControlThread control) {
        this.groupId = groupId;
        this.assigned = assigned;
        this.seeks = seeks;
        this.queues = queues;
        this.control = control;
    }

    /** Whether a partition is paused, as far as is known. */
    boolean covers(TopicPartition partition) {
        return pauses.cover(partition);
    }

    /** Stops what is paused now, and resumes what no longer is. */
    void follow(Pauses now) {
        pauses = now;
        Set<TopicPartition> paused = new HashSet<>();
        for (AssignedPartition slot : assigned.inState(PartitionState.RUNNING, PartitionState.RETRYING)) {
            if (pauses.cover(slot.partition)) {
                pause(slot);
                paused.add(slot.partition);
            }
        }
        Set<TopicPartition> resumed = new HashSet<>();
        for (AssignedPartition slot : assigned.inState(PartitionState.PAUSED)) {
            if (!pauses.cover(slot.partition)) {
                readAgain(slot);
                resumed.add(slot.partition);
            }
        }
        if (!paused.isEmpty()) {
            LOG.info("paused group={} partitions={}", groupId, paused);
        }
        if (!resumed.isEmpty()) {
            LOG.info("resumed group={} partitions={}", groupId, resumed);
        }
    }

    /** The open unit ends normally; what is only buffered is read again later. */
    private void pause(AssignedPartition slot) {
        Claim stands = queues.close(Set.of(slot.partition)).get(slot.partition);
        seeks.hold(slot.partition);
        assigned.update(slot, s -> {
            if (stands != null) {
                s.claim = stands;
            }
            s.clear();
            s.become(PartitionState.PAUSED);
        });
    }

    /** The one way back to reading is a claim. The old one is released first: a new claim over it would look like one without progress. */
    private void readAgain(AssignedPartition slot) {
        Claim claim = slot.claim;
        long now = Host.nanoTime();
        boolean leaving = queues.isLeaving(slot.partition);
        if (claim != null && !leaving) {
            control.release(Set.of(claim));
        }
        assigned.update(slot, s -> {
            s.losses = 0;
            s.unclaimedSince = now;
            s.lost = leaving ? claim : null;
            s.claim = null;
            s.become(PartitionState.LOST);
        });
    }
}
