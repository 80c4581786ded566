package dev.tidemark.admin;

import dev.tidemark.admin.OffsetPlanner.Move;
import dev.tidemark.internal.admin.PlannedFor;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Partitions that move together, and topics new to the group that are bound in the same transaction. Immutable. */
public final class ResetPlan implements ChangePlan {
    private final String group;
    private final OffsetTarget target;
    private final PlannedFor plannedFor;
    private final List<Binding> bindings;
    private final List<Move> moves;
    private final List<String> notes;

    /** A topic that is new to the group. */
    record Binding(String topic, Identity identity, List<Move> moves) {
        Binding {
            moves = List.copyOf(moves);
        }
    }

    ResetPlan(
            String group,
            OffsetTarget target,
            PlannedFor plannedFor,
            List<Binding> bindings,
            List<Move> moves,
            List<String> notes) {
        this.group = group;
        this.target = target;
        this.plannedFor = plannedFor;
        this.bindings = List.copyOf(bindings);
        this.moves = List.copyOf(moves);
        this.notes = List.copyOf(notes);
    }

    @Override
    public String group() {
        return group;
    }

    /** The target. */
    public OffsetTarget target() {
        return target;
    }

    /** Topics that are new to the group, and are bound to what Kafka has now, with all partitions; empty except for imports. */
    public Set<String> newTopics() {
        return bindings.stream().map(Binding::topic).collect(Collectors.toUnmodifiableSet());
    }

    /** All partitions, those of new topics first. */
    @Override
    public List<OffsetMove> moves() {
        List<OffsetMove> all = new ArrayList<>();
        bindings.forEach(binding -> binding.moves().forEach(move -> all.add(move.shown())));
        moves.forEach(move -> all.add(move.shown()));
        return all;
    }

    @Override
    public List<String> notes() {
        return notes;
    }

    /** The same plan with more notes. */
    ResetPlan with(List<String> more) {
        List<String> all = new ArrayList<>(more);
        all.addAll(notes);
        return new ResetPlan(group, target, plannedFor, bindings, moves, all);
    }

    /** Topics that are bound first. */
    List<Binding> bindings() {
        return bindings;
    }

    /** Partitions that have an offset. */
    List<Move> resets() {
        return moves;
    }

    /** If one of its topics is something else under its lock, nothing is done. */
    PlannedFor plannedFor() {
        return plannedFor;
    }

    @Override
    public String toString() {
        return ChangePlan.words(this);
    }
}
