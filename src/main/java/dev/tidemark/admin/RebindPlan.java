package dev.tidemark.admin;

import dev.tidemark.admin.OffsetPlanner.Move;
import dev.tidemark.internal.admin.KafkaLog.Log;
import dev.tidemark.internal.admin.PlannedFor;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** Binds a group's offsets to the topic that Kafka has now, with the new offset of each partition. Immutable. */
public final class RebindPlan implements ChangePlan {
    /** What it was planned from. */
    record Facts(
            String group,
            String topic,
            OffsetTarget target,
            boolean unchecked,
            PlannedFor plannedFor,
            Identity there,
            Map<TopicPartition, Log> logs) {}

    private final Facts facts;
    private final List<Move> moves;
    private final List<String> notes;

    RebindPlan(Facts facts, List<Move> moves, List<String> notes) {
        this.facts = facts;
        this.moves = List.copyOf(moves);
        this.notes = List.copyOf(notes);
    }

    @Override
    public String group() {
        return facts.group();
    }

    /** The topic. */
    public String topic() {
        return facts.topic();
    }

    /** Where its partitions start; one that had no offset starts at its first record if the target is relative. */
    public OffsetTarget target() {
        return facts.target();
    }

    /** Every partition that the topic has now. */
    @Override
    public List<OffsetMove> moves() {
        return moves.stream().map(Move::shown).toList();
    }

    /** The first names both ids. */
    @Override
    public List<String> notes() {
        return notes;
    }

    Facts facts() {
        return facts;
    }

    /** The next offsets, by partition. */
    List<Long> offsets() {
        return moves.stream().map(Move::next).toList();
    }

    /** Refuses another plan whose shift starts at other offsets, and goes beyond the log as it was at planning (TM-603). */
    void requireWithin(RebindPlan other) {
        for (int i = 0; i < moves.size(); i++) {
            Long stored = other.moves.get(i).stored();
            if (stored != null && OffsetPlanner.isBeyondPlanned(facts.target(), moves.get(i), stored)) {
                throw moves.get(i).beyond(stored);
            }
        }
    }

    /** Whether it is relative to the partitions' offsets, and these were different. */
    boolean isOutdated(Map<Integer, Long> stood) {
        return OffsetPlanner.isRelative(facts.target())
                && moves.stream()
                        .anyMatch(move -> move.stored() != null
                                && !move.stored()
                                        .equals(stood.get(move.partition().partition())));
    }

    @Override
    public String toString() {
        return ChangePlan.words(this);
    }
}
