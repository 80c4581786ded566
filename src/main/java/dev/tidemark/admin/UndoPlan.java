package dev.tidemark.admin;

import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.PlannedFor;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** Moves the partitions of one change back to their offsets before it. Immutable. */
public final class UndoPlan implements ChangePlan {
    private final String group;
    private final long changeId;
    private final PlannedFor plannedFor;
    private final List<OffsetMove> moves;

    UndoPlan(String group, long changeId, PlannedFor plannedFor, List<OffsetMove> moves) {
        this.group = group;
        this.changeId = changeId;
        this.plannedFor = plannedFor;
        this.moves = List.copyOf(moves);
    }

    @Override
    public String group() {
        return group;
    }

    /** The change that would be undone. */
    public long changeId() {
        return changeId;
    }

    PlannedFor plannedFor() {
        return plannedFor;
    }

    /**
     * Refuses anything but what was planned (TM-603), under the locks of the undo. The number of a change may stand for another one
     * after a restore; where a change moved its partitions from never changes.
     */
    void requirePlanned(PlannedFor now, List<OffsetMove> moved) {
        plannedFor.requireSame(
                now, moves.stream().map(move -> move.partition().topic()).toList());
        if (!targets(moved).equals(targets(moves))) {
            throw OperatorErrors.refused(
                    "change " + changeId + " of group " + group
                            + " is not the one that this was planned for: nothing was changed; plan it again",
                    null);
        }
    }

    private static Map<TopicPartition, Long> targets(List<OffsetMove> moves) {
        return moves.stream().collect(Collectors.toMap(OffsetMove::partition, OffsetMove::newOffset));
    }

    /** Without lags. */
    @Override
    public List<OffsetMove> moves() {
        return moves;
    }

    @Override
    public List<String> notes() {
        return List.of();
    }

    @Override
    public String toString() {
        return ChangePlan.words(this);
    }
}
