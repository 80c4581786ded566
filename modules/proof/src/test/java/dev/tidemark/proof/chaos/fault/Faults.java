package dev.tidemark.proof.chaos.fault;

import java.util.List;

/** All faults there are. */
public final class Faults {
    private Faults() {}

    /** New ones each time: some remember what they did. */
    public static List<Fault> all() {
        return List.of(new OwnerFaults.Kill(), new OwnerFaults.StopInUnit(), new OwnerFaults.StopBeforeCommit());
    }
}
