package dev.tidemark.internal.unit;

import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.internal.plan.ReactionPlanner;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.ReactionPlanner.UnitFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.queue.Polled;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What is decided after a unit of 5,000 records of 8 partitions. In this package for its records; public since JMH asks for it. */
@State(Scope.Thread)
public class Planning {
    private final UnitLimits limits = UnitLimits.defaults();
    private final Set<TopicPartition> partitions = new HashSet<>();
    private final Map<Claim, Position> moves = new HashMap<>();

    // Not final: a compiler that knows them could do the work ahead of time.
    private UnitOutcome outcome = new UnitOutcome.Committed(moves);
    private RecordId first = new RecordId(new TopicPartition("flights", 0), 0);
    private double random = 0.5;
    private UnitPace pace = UnitPace.initial(limits);
    private Duration took = Duration.ofMillis(40);

    public Planning() {
        for (Polled polled : Polled.fromEach(8)) {
            int records = polled.records().size();
            partitions.add(polled.claim().partition());
            moves.put(polled.claim(), Position.after(polled.records().get(records - 1)));
        }
    }

    /** The facts are put together for every unit, so they count. */
    @Benchmark
    public Reaction committed() {
        UnitFacts facts = new UnitFacts("group", partitions, Polled.RECORDS, first, 1, random);
        return ReactionPlanner.plan(outcome, facts, null);
    }

    /** From one unit to the next, as a worker continues. */
    @Benchmark
    public UnitPace pace() {
        pace = pace.afterSuccess(Polled.RECORDS, took, limits);
        return pace;
    }
}
