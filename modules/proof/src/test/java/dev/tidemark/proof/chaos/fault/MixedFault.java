package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Another fault each time, at random; while a group takes long to recover from one, its sessions are ended as well. */
public final class MixedFault extends Fault {
    private static final Duration LONGEST = Duration.ofSeconds(8);

    private final List<Fault> faults;
    private final Fault meanwhile = new ServerFaults.Terminate();
    private Fault last;
    private Instant lastAt = Instant.EPOCH;

    private MixedFault(List<Fault> faults) {
        super("mixed", "random faults");
        this.faults = faults;
        this.last = faults.get(0);
    }

    /** Of the faults that leave topic and servers what they are; those that are over soonest are the most frequent. */
    public static MixedFault ofLongRun() {
        return new MixedFault(List.of(
                new OwnerFaults.Kill(),
                new OwnerFaults.Kill(),
                new OwnerFaults.StopInUnit(),
                new OwnerFaults.StopBeforeCommit(),
                CommitFaults.Cut.before(),
                CommitFaults.Cut.before(),
                CommitFaults.Cut.after(),
                CommitFaults.Cut.after(),
                new CommitFaults.Freeze(),
                new ServerFaults.Terminate(),
                new ServerFaults.Terminate(),
                new ServerFaults.Restart(),
                new ServerFaults.KillBroker(),
                new PersonFaults.Move(),
                new PersonFaults.Move(),
                new NetworkFaults.CutNetwork(),
                new NetworkFaults.FallSilent(),
                new PersonFaults.HoldLock(),
                new ServerFaults.StopBackends(),
                new PersonFaults.ChangeTable()));
    }

    @Override
    public Map<String, String> memberSettings() {
        Map<String, String> settings = new HashMap<>();
        faults.forEach(fault -> settings.putAll(fault.memberSettings()));
        return settings;
    }

    @Override
    public Injection inject(World world) {
        last = faults.get(world.random().nextInt(faults.size()));
        // Whether memory grows shows only in a process that lives on.
        world.spareOldest(last instanceof OwnerFaults.Kill || last instanceof CommitFaults.Freeze);
        Injection injection = last.inject(world);
        lastAt = Instant.now();
        return injection;
    }

    @Override
    public void whileWaiting(World world) {
        last.whileWaiting(world);
        if (Duration.between(lastAt, Instant.now()).compareTo(LONGEST) > 0) {
            lastAt = Instant.now();
            Injection unused = meanwhile.inject(world);
            world.mark(lastAt, meanwhile.title() + ", meanwhile");
        }
    }

    @Override
    public void afterRecovery(World world) {
        last.afterRecovery(world);
    }

    @Override
    public void atEnd(World world) {
        faults.forEach(fault -> fault.atEnd(world));
    }
}
