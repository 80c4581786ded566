package dev.tidemark.internal.plan;

import dev.tidemark.UnitLimits;
import java.time.Duration;

/**
 * How large a worker's next unit may be. Units that got in each other's way make it half as large and confine it to one
 * partition; every success lets it grow by an eighth, so that most units succeed where contention is built into the work.
 *
 * @param records at most this many records
 * @param onePartition whether the unit is confined to one partition
 * @param nanosPerRecord smoothed cost of a record; 0 before the first success
 */
public record UnitPace(int records, boolean onePartition, double nanosPerRecord) {
    private static final double SMOOTHING = 0.3;

    /** A worker's first unit. */
    public static UnitPace initial(UnitLimits limits) {
        return new UnitPace(limits.records(), false, 0);
    }

    /** After a unit of this many records got in another transaction's way. */
    public UnitPace afterContention(int unitRecords) {
        return new UnitPace(Math.max(1, Math.min(records, unitRecords) / 2), true, nanosPerRecord);
    }

    /** After a unit of this many records took effect in this time. */
    public UnitPace afterSuccess(int unitRecords, Duration took, UnitLimits limits) {
        double cost = (double) took.toNanos() / Math.max(1, unitRecords);
        double smoothed = nanosPerRecord == 0 ? cost : nanosPerRecord + SMOOTHING * (cost - nanosPerRecord);
        int grown = (int) Math.min(limits.records(), (long) records + Math.max(1, records / 8));
        return new UnitPace(grown, onePartition && grown < limits.records(), smoothed);
    }

    /** How many records fit: never more than the limits, and so many that the unit should end within its time. */
    public int allowance(UnitLimits limits) {
        if (nanosPerRecord == 0) {
            return records;
        }
        double inTime = limits.time().toNanos() / nanosPerRecord;
        return (int) Math.max(1, Math.min(records, inTime));
    }
}
