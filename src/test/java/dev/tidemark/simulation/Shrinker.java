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
        Plan plan = best.plan();
        boolean any = false;
        if (plan.members() > 1) {
            any |= fails(plan.withSize(plan.members() - 1, plan.partitions(), plan.records(), plan.workers()));
        }
        plan = best.plan();
        if (plan.partitions() > 1) {
            any |= fails(plan.withSize(plan.members(), plan.partitions() - 1, plan.records(), plan.workers()));
        }
        plan = best.plan();
        if (plan.workers() > 1) {
            any |= fails(plan.withSize(plan.members(), plan.partitions(), plan.records(), plan.workers() - 1));
        }
        plan = best.plan();
        if (plan.records() > 1) {
            any |= fails(plan.withSize(plan.members(), plan.partitions(), plan.records() / 2, plan.workers()));
        }
        return any;
    }
}
