package dev.tidemark.proof.chaos.fault;

import java.util.List;

/** All faults there are. */
public final class Faults {
    private Faults() {}

    /** New ones each time: some remember what they did. */
    public static List<Fault> all() {
        return List.of(
                new OwnerFaults.Kill(),
                new OwnerFaults.StopInUnit(),
                new OwnerFaults.StopBeforeCommit(),
                CommitFaults.Cut.before(),
                CommitFaults.Cut.after(),
                new CommitFaults.Freeze(),
                new ServerFaults.Terminate(),
                new ServerFaults.Restart(),
                new TimelineFaults.FailOver(),
                new TimelineFaults.Restore(),
                new ServerFaults.KillBroker(),
                new UncleanElection(),
                new LogFaults.Delete(),
                new LogFaults.CreateAgain(),
                new LogFaults.AddPartitions(),
                new LogFaults.Transactions(),
                new PersonFaults.Move(),
                new NetworkFaults.CutNetwork(),
                new NetworkFaults.FallSilent(),
                new ClockFaults.Jump(),
                new ServerFaults.Pools(),
                new PersonFaults.HoldLock(),
                new ServerFaults.StopBackends(),
                new ServerFaults.Refuse(),
                new PersonFaults.ChangeTable());
    }
}
