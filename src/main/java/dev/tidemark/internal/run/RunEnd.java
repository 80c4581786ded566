package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.control.Unfinished;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** Decides when a run is over: a bounded run has read all that it has to, or nothing is left that can be read. Used by the poll thread. */
final class RunEnd {
    private final String groupId;
    private final boolean untilEnd;
    private final Assignment assigned;
    private final PollThreadEvents events;
    private final ControlThread control;

    RunEnd(String groupId, boolean untilEnd, Assignment assigned, PollThreadEvents events, ControlThread control) {
        this.groupId = groupId;
        this.untilEnd = untilEnd;
        this.assigned = assigned;
        this.events = events;
        this.control = control;
    }

    /**
     * Whether the run is complete.
     *
     * @param joined whether the consumer has joined the group
     * @throws TidemarkException with the reason why everything that is left has halted
     */
    boolean isReached(boolean joined) {
        if (untilEnd && isAtEnd(joined)) {
            return true;
        }
        if (assigned.allHalted()) {
            throw first(assigned.haltedBy());
        }
        return false;
    }

    /** Whether the group has read everything; throws if only partitions are left that halted here. */
    private boolean isAtEnd(boolean joined) {
        Unfinished unfinished = events.unfinished();
        if (unfinished == null) {
            return false;
        }
        if (unfinished.partitions().isEmpty()) {
            return true;
        }
        Map<TopicPartition, TidemarkException> wrong = new HashMap<>(unfinished.wrong());
        wrong.entrySet().removeIf(e -> !isHopeless(e.getKey(), e.getValue(), joined));
        Set<TopicPartition> open = new HashSet<>(unfinished.partitions());
        open.removeAll(unfinished.halted());
        open.removeAll(wrong.keySet());
        if (unfinished.isWhole() && assigned.haveHalted(open)) {
            wrong.forEach((partition, why) ->
                    control.noteHalt(partition, null, why, Problems.of(why).toString()));
            List<TidemarkException> reasons = assigned.haltedBy();
            reasons.addAll(wrong.values());
            throw reasons.isEmpty() ? haltedElsewhere(unfinished.partitions()) : first(reasons);
        }
        return false;
    }

    /** The owner that reads a partition finds out by itself what is wrong, and reports more detail. */
    private boolean isHopeless(TopicPartition partition, TidemarkException why, boolean joined) {
        AssignedPartition slot = assigned.slot(partition);
        return why.code() == ErrorCode.TOPIC_MISSING || (slot == null ? joined : slot.is(PartitionState.PAUSED));
    }

    private TidemarkException haltedElsewhere(Set<TopicPartition> partitions) {
        return new RecordFailedException(
                ErrorCode.HANDLER_FAILED,
                "group " + groupId + ": " + partitions
                        + " have halted in other processes; see the table partition_state for" + " the reason",
                null);
    }

    private static TidemarkException first(List<TidemarkException> reasons) {
        TidemarkException first = reasons.get(0);
        reasons.stream().filter(reason -> reason != first).distinct().limit(10).forEach(first::addSuppressed);
        return first;
    }
}
