package dev.tidemark.admin;

import java.util.List;

/**
 * What a change of offsets would do: a value to be shown, and then given to {@link TidemarkAdmin#execute(ChangePlan, ChangeOptions)} or
 * dropped. Only {@link TidemarkAdmin} makes plans, and they hold no connection. The set may grow: a {@code switch} over it needs a
 * default. Immutable.
 *
 * <p>A plan does not go stale unnoticed: targets that count from where partitions stand are counted again under their locks, all others
 * say where the group goes, wherever it is by then, and a plan for a topic that was rebound meanwhile is refused.
 */
public sealed interface ChangePlan permits ResetPlan, UndoPlan, RebindPlan {
    /** The group that it is about. */
    String group();

    /** What moves, in the order in which partitions are locked. */
    List<OffsetMove> moves();

    /** What the caller should know besides, a sentence each; words that are not stable. */
    List<String> notes();

    /** A line for each move and each note. */
    static String words(ChangePlan plan) {
        StringBuilder words = new StringBuilder("group " + plan.group());
        plan.moves().forEach(move -> words.append(System.lineSeparator()).append(move));
        plan.notes().forEach(note -> words.append(System.lineSeparator()).append(note));
        return words.toString();
    }
}
