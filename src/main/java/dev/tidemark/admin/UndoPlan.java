package dev.tidemark.admin;

import java.util.List;

/** Moves the partitions of one change back to their offsets before it. Immutable. */
public final class UndoPlan implements ChangePlan {
    private final String group;
    private final long changeId;
    private final List<OffsetMove> moves;

    UndoPlan(String group, long changeId, List<OffsetMove> moves) {
        this.group = group;
        this.changeId = changeId;
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
