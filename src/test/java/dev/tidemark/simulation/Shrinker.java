package dev.tidemark.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Cuts a failing run down to one that still fails, with fewer faults, members, partitions and records. */
final class Shrinker {
    private static final int MOST_RUNS = 300;

    private final Set<Bug> bugs;
    private World.Outcome best;
    private int runs;

    private Shrinker(World.Outcome failed, Set<Bug> bugs) {
        this.best = failed;
        this.bugs = bugs;
    }

    /** The shortest that was found, with its trace. */
    static World.Outcome shorten(World.Outcome failed, Set<Bug> bugs) {
        Shrinker shrinker = new Shrinker(failed, bugs);
        boolean shorter = true;
        while (shorter && shrinker.runs < MOST_RUNS) {
            boolean fewer = shrinker.fewerFaults();
            shorter = shrinker.smaller() || fewer;
        }
        return World.run(shrinker.best.plan(), bugs, true);
    }

    private boolean fails(Plan plan) {
        if (runs++ >= MOST_RUNS) {
            return false;
        }
        World.Outcome outcome = World.run(plan, bugs, false);
        if (outcome.isBroken()) {
            best = outcome;
        }
        return outcome.isBroken();
    }

    private boolean fewerFaults() {
        boolean any = false;
        for (int size = Math.max(1, best.plan().faults().size() / 2); size >= 1; size /= 2) {
            for (int from = 0; from < best.plan().faults().size(); ) {
                List<Plan.At> left = new ArrayList<>(best.plan().faults());
                left.subList(from, Math.min(left.size(), from + size)).clear();
                if (fails(best.plan().with(left))) {
                    any = true;
                } else {
                    from += size;
                }
            }
        }
        return any;
    }

    private boolean smaller() {
        boolean any = false;
        Plan.Size size = best.plan().size();
        if (size.members() > 1) {
            any |= fails(new Plan.Size(size.members() - 1, size.partitions(), size.workers(), size.records()));
        }
        size = best.plan().size();
        if (size.partitions() > 1) {
            any |= fails(new Plan.Size(size.members(), size.partitions() - 1, size.workers(), size.records()));
        }
        size = best.plan().size();
        if (size.workers() > 1) {
            any |= fails(new Plan.Size(size.members(), size.partitions(), size.workers() - 1, size.records()));
        }
        size = best.plan().size();
        if (size.records() > 1) {
            any |= fails(new Plan.Size(size.members(), size.partitions(), size.workers(), size.records() / 2));
        }
        return any;
    }

    private boolean fails(Plan.Size smaller) {
        return fails(best.plan().with(smaller));
    }
}
