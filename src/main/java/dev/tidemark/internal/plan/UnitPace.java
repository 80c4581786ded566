package dev.tidemark.internal.plan;

import dev.tidemark.UnitLimits;
import java.time.Duration;

/**
 * How large a worker's next unit may be. A unit that conflicted with another transaction makes the next half as large and confines
 * it to one partition. It grows again with success, but each time later: a deadlock costs the server's {@code deadlock_timeout}, a
 * second by default, and a small unit costs next to nothing, so if contention is inherent in the work it must become rare.
 *
 * @param records at most this many records
 * @param onePartition whether the unit is confined to one partition
 * @param nanosPerRecord smoothed cost of a record; 0 before the first success
 * @param successes units that took effect since the size last changed
 * @param patience how many of them it takes to grow
 */
public record UnitPace(int records, boolean onePartition, double nanosPerRecord, int successes, int patience) {
    private static final double SMOOTHING = 0.3;
    private static final int FIRST_PATIENCE = 4;
    private static final int MOST_PATIENCE = 4_096;

    /** A worker's first unit. */
    public static UnitPace initial(UnitLimits limits) {
        return new UnitPace(limits.maxRecords(), false, 0, 0, FIRST_PATIENCE);
    }

    /** After a unit conflicted with another transaction when it had reached this many records. */
    public UnitPace afterContention(int reached) {
        return new UnitPace(
                Math.max(1, Math.min(records, reached) / 2),
                true,
                nanosPerRecord,
                0,
                Math.min(patience * 2, MOST_PATIENCE));
    }

    /** After a unit of this many records took effect in this time. */
    public UnitPace afterSuccess(int unitRecords, Duration took, UnitLimits limits) {
        double cost = (double) took.toNanos() / Math.max(1, unitRecords);
        double smoothed = nanosPerRecord == 0 ? cost : nanosPerRecord + SMOOTHING * (cost - nanosPerRecord);
        if (!onePartition) {
            return new UnitPace(records, false, smoothed, 0, patience);
        }
        if (successes + 1 < patience) {
            return new UnitPace(records, true, smoothed, successes + 1, patience);
        }
        int grown = (int) Math.min(limits.maxRecords(), (long) records + Math.max(1, records / 2));
        return grown < limits.maxRecords()
                ? new UnitPace(grown, true, smoothed, 0, patience)
                : new UnitPace(grown, false, smoothed, 0, FIRST_PATIENCE);
    }

    /** The same, confined to one partition. */
    public UnitPace confined() {
        return new UnitPace(records, true, nanosPerRecord, successes, patience);
    }

    /** How many records fit: never more than the limits, and few enough that the unit should end within its time. */
    public int allowance(UnitLimits limits) {
        if (nanosPerRecord == 0) {
            return records;
        }
        double inTime = limits.maxDuration().toNanos() / nanosPerRecord;
        return (int) Math.max(1, Math.min(records, inTime));
    }
}
