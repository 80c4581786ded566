package dev.tidemark.internal.plan;

import java.util.List;

/**
 * The search for a failing record in a failed unit. Records form one list, partition after partition; only a prefix of the list is
 * ever tried, so that nothing is reordered, and what took effect is removed from it. Each halving takes one try.
 *
 * @param suspects this many records from the beginning of the list include a failing one
 * @param lastKnown whether the last of them is known to be the failing one
 * @param narrowed whether others of the records that failed together took effect since
 */
public record Bisection(int suspects, boolean lastKnown, boolean narrowed) {
    /**
     * After a try failed.
     *
     * @param tried how many records it included
     * @param failing which of them failed, from 0; negative if unknown
     */
    public static Bisection after(int tried, int failing) {
        return failing < 0 ? new Bisection(tried, false, false) : new Bisection(failing + 1, true, false);
    }

    /** After this many records from the beginning took effect. */
    public Bisection succeeded(int records) {
        return new Bisection(Math.max(0, suspects - records), lastKnown, narrowed || records > 0);
    }

    /** Whether the failure of the records that failed together is known to be that of the next one. */
    public boolean isPinned() {
        return suspects == 1 && (lastKnown || narrowed);
    }

    /** Whether no record is suspected any more: they failed together but not one by one. */
    public boolean isOver() {
        return suspects == 0;
    }

    /**
     * How many records to try next; at least one.
     *
     * @param sizes how many records of each partition the list contains
     */
    public int next(List<Integer> sizes) {
        if (suspects <= 1) {
            return 1;
        }
        if (lastKnown) {
            return suspects - 1;
        }
        int half = suspects / 2;
        int boundary = 0;
        int best = -1;
        for (int size : sizes) {
            boundary += size;
            if (boundary >= suspects) {
                break;
            }
            if (best < 0 || Math.abs(boundary - half) < Math.abs(best - half)) {
                best = boundary;
            }
        }
        return best > 0 ? best : half;
    }
}
