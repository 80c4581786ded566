package dev.tidemark.internal.queue;

import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A poll's way through the queues. In this package since workers alone take and settle; public since JMH asks for it. */
@State(Scope.Thread)
// JMH calls the set-up methods before anything else.
@SuppressWarnings("NullAway.Init")
public class Batching {
    private static final Before NOBODY = new Before(null, null, 0, 0);

    /** As a consumer has it by default. */
    private static final long MOST_BYTES = 64L << 20;

    @Param({"8", "2000"})
    public int partitions;

    private final UnitLimits limits = UnitLimits.defaults();
    private final UnitPace pace = UnitPace.initial(limits);
    private List<Polled> poll;
    private PartitionQueues queues;

    @Setup
    public void poll() {
        poll = Polled.fromEach(partitions);
    }

    /** New queues for each poll, since they drop records that they have had. That takes time too, which JMH leaves out. */
    @Setup(Level.Invocation)
    public void open() {
        queues = new PartitionQueues(limits, 1, MOST_BYTES, new Silence());
        for (Polled polled : poll) {
            queues.open(new ClaimedPartition(polled.claim(), NOBODY, OptionalLong.empty(), Set.of(), GivenUp.NONE));
        }
    }

    /** One thread does it all in turns: it never waits for another, nor does another decode ahead. */
    @Benchmark
    @OperationsPerInvocation(Polled.RECORDS)
    public PartitionQueues offerTakeSettle() throws InterruptedException {
        for (Polled polled : poll) {
            queues.offer(polled.claim(), polled.records(), null);
        }
        int left = Polled.RECORDS;
        while (left > 0) {
            List<Settlement> settlements = new ArrayList<>();
            for (PartitionShare portion : queues.units().take(pace, Duration.ZERO)) {
                int done = portion.records().size();
                Position moved = Position.after(portion.records().get(done - 1));
                settlements.add(new Settlement(portion, done, moved, 0, false, null, false));
                left -= done;
            }
            queues.units().settle(settlements);
        }
        return queues;
    }
}
