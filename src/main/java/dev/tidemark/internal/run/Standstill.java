package dev.tidemark.internal.run;

import dev.tidemark.Claim;
import dev.tidemark.PartitionState;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.work.Intake;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The partitions that stand still because a person said so. Used by the poll thread. */
final class Standstill {
    private static final Logger LOG = LoggerFactory.getLogger(Standstill.class);

    private final String groupId;
    private final Board board;
    private final Seeks seeks;
    private final Intake intake;
    private final ControlThread control;
    private Pauses pauses = Pauses.none();

    Standstill(String groupId, Board board, Seeks seeks, Intake intake, ControlThread control) {
        this.groupId = groupId;
        this.board = board;
        this.seeks = seeks;
        this.intake = intake;
        this.control = control;
    }

    /** Whether a partition is paused, as far as is known. */
    boolean covers(TopicPartition partition) {
        return pauses.cover(partition);
    }

    /** Lets stand still what is paused now, and sets going again what no longer is. */
    void follow(Pauses now) {
        pauses = now;
        Set<TopicPartition> paused = new HashSet<>();
        for (Slot slot : board.inState(PartitionState.RUNNING, PartitionState.RETRYING)) {
            if (pauses.cover(slot.partition)) {
                pause(slot);
                paused.add(slot.partition);
            }
        }
        Set<TopicPartition> resumed = new HashSet<>();
        for (Slot slot : board.inState(PartitionState.PAUSED)) {
            if (!pauses.cover(slot.partition)) {
                goOn(slot);
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

    /** The unit under way ends as it may; what is only buffered is read again later. */
    private void pause(Slot slot) {
        Claim stands = intake.close(Set.of(slot.partition)).get(slot.partition);
        seeks.hold(slot.partition);
        board.update(slot, s -> {
            if (stands != null) {
                s.claim = stands;
            }
            s.well();
            s.become(PartitionState.PAUSED);
        });
    }

    /** The one way back to reading is a claim. The old one is given up first: a claim upon it would look like one without progress. */
    private void goOn(Slot slot) {
        Claim claim = slot.claim;
        long now = System.nanoTime();
        boolean leaving = intake.isLeaving(slot.partition);
        if (claim != null && !leaving) {
            control.release(Set.of(claim));
        }
        board.update(slot, s -> {
            s.losses = 0;
            s.unclaimedSince = now;
            s.lost = leaving ? claim : null;
            s.claim = null;
            s.become(PartitionState.LOST);
        });
    }
}
