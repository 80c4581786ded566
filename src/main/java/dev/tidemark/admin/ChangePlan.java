package dev.tidemark.admin;

import java.util.List;

/**
 * What a change of offsets would do: a value to be shown, and then passed to {@link TidemarkAdmin#execute(ChangePlan, ChangeOptions)} or
 * dropped. Only {@link TidemarkAdmin} makes plans, and they hold no connection. The set may grow: a {@code switch} over it needs a
 * default. Immutable.
 *
 * <p>A stale plan is not applied by mistake: relative targets are recomputed from the partitions' offsets under their locks, all others
 * are absolute and hold wherever the group is by then. A plan for another offset store, or for a topic that was rebound, deleted or bound
 * again in the meantime, is refused (TM-603). Only a copy of a store, such as a restored one, cannot be told from it.
 */
public sealed interface ChangePlan permits ResetPlan, UndoPlan, RebindPlan {
    /** The group. */
    String group();

    /** What moves, in the order in which partitions are locked. */
    List<OffsetMove> moves();

    /** What else the caller should know, one sentence each; the texts are not stable. */
    List<String> notes();

    /** A line for each move and each note. */
    static String words(ChangePlan plan) {
        StringBuilder words = new StringBuilder("group " + plan.group());
        plan.moves().forEach(move -> words.append(System.lineSeparator()).append(move));
        plan.notes().forEach(note -> words.append(System.lineSeparator()).append(note));
        return words.toString();
    }
}
