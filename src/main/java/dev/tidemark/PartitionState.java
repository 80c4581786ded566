package dev.tidemark;

import java.util.EnumSet;
import java.util.Set;

/**
 * What an assigned partition is doing.
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
 * CLAIMING, RUNNING and RETRYING become PAUSED while a person says so; PAUSED becomes LOST when that ends, or when the offset is
 * moved, and HALTED when the topic turns out to be another one. What halted at its claim becomes CLAIMING when it can be claimed. A
 * revoked partition leaves the diagram from any state.
 */
public enum PartitionState {
    /** The claim is under way, or is tried again after passing trouble. Nothing is read. */
    CLAIMING,
    /** Records flow. */
    RUNNING,
    /** The last unit failed for a passing reason and is tried again. */
    RETRYING,
    /** Assigned again while a unit of an earlier assignment still runs here; claimed when that has ended. */
    DRAINING,
    /** The claim is gone: what was buffered is void, and the partition is claimed again if Kafka still assigns it. */
    LOST,
    /**
     * Stands still until the process or the assignment changes, or its stored offset is moved; one that was refused at its claim
     * also goes on once what it was refused for is repaired. The status tells why.
     */
    HALTED,
    /**
     * A person paused it, its topic or its group: it stays assigned and claimed, and nothing is read until it is resumed. What
     * was under way is finished.
     */
    PAUSED;

    private static final Set<PartitionState> FROM_CLAIMING = EnumSet.of(RUNNING, HALTED, LOST, PAUSED);
    private static final Set<PartitionState> FROM_RUNNING = EnumSet.of(RETRYING, LOST, HALTED, PAUSED);
    private static final Set<PartitionState> FROM_RETRYING = EnumSet.of(RUNNING, LOST, HALTED, PAUSED);
    private static final Set<PartitionState> FROM_DRAINING = EnumSet.of(CLAIMING, HALTED);
    private static final Set<PartitionState> FROM_LOST = EnumSet.of(CLAIMING, DRAINING, HALTED);
    private static final Set<PartitionState> FROM_PAUSED = EnumSet.of(LOST, HALTED);

    /** Whether a partition in this state may next be in the other. */
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
