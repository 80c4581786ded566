package dev.tidemark.admin;

import dev.tidemark.admin.OffsetPlanner.Choice;
import dev.tidemark.admin.OffsetPlanner.Move;
import dev.tidemark.admin.OffsetPlanner.MoveTo;
import dev.tidemark.admin.OffsetPlanner.Refuse;
import dev.tidemark.internal.admin.GroupFunctions;
import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.StoreAccess;
import dev.tidemark.internal.admin.StoredGroup;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Executes a plan: all of it in one transaction, or nothing. */
final class ChangeExecutor {
    /** How often a busy partition may advance between reading and locking it. */
    private static final int ATTEMPTS = 1_000;

    private static final String SAVEPOINT = "before_change";

    private final StoreAccess store;

    ChangeExecutor(StoreAccess store) {
        this.store = store;
    }

    /** The caller's work in the transaction. */
    @FunctionalInterface
    private interface Effects {
        void apply() throws SQLException;
    }

    ChangeResult execute(ChangePlan plan, ChangeOptions options) {
        return store.change((tx, session) -> {
            GroupFunctions functions = new GroupFunctions(tx, store, plan.group(), options.reason());
            Effects effects = () -> options.apply(tx.getConnection(), session);
            ChangeResult result;
            if (plan instanceof ResetPlan reset) {
                result = reset(functions, reset, effects);
            } else if (plan instanceof RebindPlan rebind) {
                result = rebind(tx, functions, rebind, effects);
            } else {
                result = undo(functions, (UndoPlan) plan, effects);
            }
            return result;
        });
    }

    private static ChangeResult reset(GroupFunctions functions, ResetPlan plan, Effects effects) throws SQLException {
        Set<String> topics =
                plan.resets().stream().map(move -> move.partition().topic()).collect(Collectors.toSet());
        plan.plannedFor().requireSame(functions.now(), topics);
        List<OffsetMove> moves = new ArrayList<>();
        for (ResetPlan.Binding binding : plan.bindings()) {
            functions.bind(
                    binding.topic(),
                    binding.identity(),
                    binding.moves().stream().map(Move::next).toList());
            binding.moves().forEach(move -> moves.add(move.shown()));
        }
        List<Move> resets = new ArrayList<>();
        for (Move move : plan.resets()) {
            resets.add(
                    OffsetPlanner.isRelative(plan.target())
                            ? resetFromNow(functions, plan.target(), move)
                            : move.with(functions.reset(move.partition(), move.next()), move.next()));
        }
        // Each reset locks its topic's binding, so that it cannot change until the commit.
        plan.plannedFor().requireSame(functions.now(), topics);
        resets.forEach(move -> moves.add(move.shown()));
        effects.apply();
        OptionalLong change = resets.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(
                        functions.changeOf(resets.get(resets.size() - 1).partition()));
        return new ChangeResult(change, OptionalInt.empty(), moves, plan.notes());
    }

    /**
     * Resets relative to the partition's offset under its lock. An operator can lock it only by the reset itself, so that is rolled
     * back, and repeated, if a unit committed in between.
     */
    private static Move resetFromNow(GroupFunctions functions, OffsetTarget target, Move move) {
        Handle handle = functions.handle();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            long stored = functions
                    .stored(move.partition())
                    .orElseThrow(() ->
                            OperatorErrors.nothingMatched("group " + functions.group() + " has no offset for topic "
                                    + move.partition().topic() + " partition "
                                    + move.partition().partition() + " any more"));
            long next = next(target, move, stored);
            handle.savepoint(SAVEPOINT);
            long found = functions.reset(move.partition(), next);
            if (found == stored) {
                handle.releaseSavepoint(SAVEPOINT);
                return move.with(stored, next);
            }
            handle.rollbackToSavepoint(SAVEPOINT);
        }
        throw tooFast("topic " + move.partition().topic() + " partition "
                + move.partition().partition() + " advances faster than it can be reset");
    }

    private static RuntimeException tooFast(String what) {
        return OperatorErrors.refused(
                what
                        + " relative to its position; nothing was changed: pause it first, or give an offset (--to-offset)",
                null);
    }

    private static long next(OffsetTarget target, Move move, long stored) {
        Move known = move.reaching(stored);
        if (OffsetPlanner.isBeyondPlanned(target, known, stored)) {
            throw known.beyond(stored);
        }
        Choice choice = OffsetPlanner.choose(target, move.partition(), stored, known.log());
        if (choice instanceof MoveTo to) {
            return to.offset();
        }
        throw OperatorErrors.nothingMatched(((Refuse) choice).why());
    }

    private static ChangeResult undo(GroupFunctions functions, UndoPlan plan, Effects effects) throws SQLException {
        plan.plannedFor().requireStore(functions.now());
        functions.requireOwn(plan.changeId());
        List<GroupFunctions.Moved> moved = functions.undo(plan.changeId());
        plan.requirePlanned(functions.now(), shown(moved));
        effects.apply();
        return new ChangeResult(
                OptionalLong.of(functions.undoneBy(plan.changeId())), OptionalInt.empty(), shown(moved), plan.notes());
    }

    static List<OffsetMove> shown(List<GroupFunctions.Moved> moved) {
        return moved.stream()
                .map(move ->
                        new OffsetMove(move.partition(), OptionalLong.of(move.from()), move.to(), OptionalLong.empty()))
                .toList();
    }

    /**
     * Executes the plan if the topic is still bound as it was at planning. An operator can lock partitions only by the rebind itself,
     * so that is rolled back, and planned again, if a partition that the plan is relative to advanced.
     */
    private ChangeResult rebind(Handle tx, GroupFunctions functions, RebindPlan first, Effects effects)
            throws SQLException {
        RebindPlan.Facts facts = first.facts();
        RebindPlan plan = first;
        facts.plannedFor().requireSame(functions.now(), List.of(facts.topic()));
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            tx.savepoint(SAVEPOINT);
            int incarnation = functions.rebind(facts.topic(), facts.there(), plan.offsets());
            facts.plannedFor().requireRebound(functions.now(), facts.topic());
            if (!plan.isOutdated(functions.stood(facts.topic(), incarnation))) {
                tx.releaseSavepoint(SAVEPOINT);
                effects.apply();
                return new ChangeResult(OptionalLong.empty(), OptionalInt.of(incarnation), plan.moves(), plan.notes());
            }
            tx.rollbackToSavepoint(SAVEPOINT);
            plan = ChangePlanner.rebound(
                    facts,
                    StoredGroup.require(tx, store, facts.group()),
                    first.notes().subList(0, 1));
            first.requireWithin(plan);
        }
        throw tooFast("topic " + facts.topic() + " advances faster than it can be bound");
    }
}
