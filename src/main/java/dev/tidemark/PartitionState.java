package dev.tidemark;

import java.util.EnumSet;
import java.util.Set;

/**
 * The state of an assigned partition.
 *
 * <pre>
 *   DRAINING ──▶ CLAIMING ──▶ RUNNING ◀──▶ RETRYING
 *      ▲          ▲   │          │             │
 *      │          │   │          ▼             │
 *      └──────── LOST │ ◀── fenced, in doubt ──┤
 *                 ▲   ▼                        │
 *                 └ HALTED ◀───────────────────┘
 * </pre>
 *
 * CLAIMING, RUNNING and RETRYING become PAUSED while an operator pauses the partition; PAUSED becomes LOST when the pause ends, or when
 * the offset is moved, and HALTED when the topic turns out to be another one. A partition that halted at its claim becomes CLAIMING when
 * it can be claimed. A revoked partition leaves the diagram from any state.
 */
public enum PartitionState {
    /** The claim is in progress, or is retried after a transient failure. Nothing is read. */
    CLAIMING,
    /** Records are read and applied. */
    RUNNING,
    /** The last unit failed with a transient failure and is retried. */
    RETRYING,
    /** Assigned again while a unit of an earlier assignment still runs here; claimed when that has ended. */
    DRAINING,
    /** The claim is gone: what was buffered is void, and the partition is claimed again if Kafka still assigns it. */
    LOST,
    /**
     * Stopped until the process restarts, the assignment changes, or its stored offset is moved; one that was refused at its claim
     * also resumes once the cause is fixed. The status says why.
     */
    HALTED,
    /**
     * An operator paused it, its topic or its group: it stays assigned and claimed, and nothing is read until it is resumed. Open
     * units are finished.
     */
    PAUSED;

    private static final Set<PartitionState> FROM_CLAIMING = EnumSet.of(RUNNING, HALTED, LOST, PAUSED);
    private static final Set<PartitionState> FROM_RUNNING = EnumSet.of(RETRYING, LOST, HALTED, PAUSED);
    private static final Set<PartitionState> FROM_RETRYING = EnumSet.of(RUNNING, LOST, HALTED, PAUSED);
    private static final Set<PartitionState> FROM_DRAINING = EnumSet.of(CLAIMING, HALTED);
    private static final Set<PartitionState> FROM_LOST = EnumSet.of(CLAIMING, DRAINING, HALTED);
    private static final Set<PartitionState> FROM_PAUSED = EnumSet.of(LOST, HALTED);

    /** Whether a transition from this state to the other is valid. */
    public boolean canBecome(PartitionState next) {
        return switch (this) {
            case CLAIMING -> FROM_CLAIMING.contains(next);
            case RUNNING -> FROM_RUNNING.contains(next);
            case RETRYING -> FROM_RETRYING.contains(next);
            case DRAINING -> FROM_DRAINING.contains(next);
            case LOST -> FROM_LOST.contains(next);
            case HALTED -> next == LOST || next == CLAIMING;
            case PAUSED -> FROM_PAUSED.contains(next);
        };
    }
}
