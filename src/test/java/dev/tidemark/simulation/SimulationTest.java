package dev.tidemark.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * The engine against a simulated database and broker, on one thread at a time and in virtual time. {@code -Dseeds=1000000} runs as many
 * seeds, from {@code -Dseed.from=N} on, and {@code -Dseed=N} one of them, with all that happens.
 */
class SimulationTest {
    private static final long SEEDS = Long.getLong("seeds", 60);
    private static final long FROM = Long.getLong("seed.from", 1);
    private static final @Nullable Long ONLY = Long.getLong("seed");

    /** Within as many seeds each of the broken rules must be found. */
    private static final int MOST_FOR_A_BUG = 400;

    private static final Logger LOG = (Logger) LoggerFactory.getLogger("dev.tidemark");
    private static final @Nullable Level BEFORE = LOG.getLevel();

    @BeforeAll
    static void logNothing() {
        // There are millions of lines, which say less than the trace.
        LOG.setLevel(Level.OFF);
    }

    @AfterAll
    static void logAgain() {
        LOG.setLevel(BEFORE);
    }

    @Test
    void whateverHappensEachRecordTakesEffectOnce() {
        if (ONLY != null) {
            World.Outcome outcome = World.run(Plan.of(ONLY), Set.of(), true);
            System.out.println(outcome.plan() + "\n" + outcome.trace());
            assertThat(outcome.broken()).isNull();
            return;
        }
        Tally tally = new Tally();
        Queue<World.Outcome> broken = new ConcurrentLinkedQueue<>();
        AtomicLong seeds = new AtomicLong(FROM);
        long began = System.nanoTime();
        // Runs share nothing, and each leaves a processor idle whenever its turn goes to another thread.
        List<CompletableFuture<Void>> runners = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            runners.add(CompletableFuture.runAsync(
                    () -> {
                        for (long seed = seeds.getAndIncrement();
                                seed < FROM + SEEDS && broken.size() < 3;
                                seed = seeds.getAndIncrement()) {
                            World.Outcome outcome = World.run(Plan.of(seed), Set.of(), false);
                            tally.add(outcome);
                            if (outcome.isBroken()) {
                                broken.add(outcome);
                            }
                        }
                    },
                    run -> new Thread(run, "simulation").start()));
        }
        runners.forEach(CompletableFuture::join);
        System.out.println("SimulationTest: " + tally + " in " + (System.nanoTime() - began) / 1_000_000 + " ms");
        assertThat(broken.stream().map(SimulationTest::explain)).isEmpty();
        assertThat(tally.fewestSteps).isGreaterThanOrEqualTo(Plan.LEAST_STEPS);
        assertThat(tally.fewestFaults).isGreaterThanOrEqualTo(Plan.LEAST_FAULTS);
    }

    private static String explain(World.Outcome outcome) {
        World.Outcome shortest = Shrinker.shorten(outcome, Set.of());
        return "seed " + outcome.plan().seed() + ": " + outcome.broken() + "\nshortened to " + shortest.plan() + "\n"
                + shortest.trace();
    }

    @Test
    void aSeedIsOneRun() {
        for (long seed = 1; seed <= 20; seed++) {
            World.Outcome first = World.run(Plan.of(seed), Set.of(), false);
            assertThat(World.run(Plan.of(seed), Set.of(), false)).isEqualTo(first);
        }
    }

    @ParameterizedTest
    @EnumSource(Bug.class)
    void findsEachBrokenRule(Bug bug) {
        for (long seed = 1; seed <= MOST_FOR_A_BUG; seed++) {
            World.Outcome outcome = World.run(Plan.of(seed), Set.of(bug), false);
            if (outcome.isBroken()) {
                System.out.println("SimulationTest: " + bug + " is found by seed " + seed + ": " + outcome.broken());
                return;
            }
        }
        assertThat(bug).as("not found by " + MOST_FOR_A_BUG + " seeds").isNull();
    }

    @Test
    void aFailingRunIsShortened() {
        World.Outcome found = null;
        for (long seed = 1; found == null; seed++) {
            World.Outcome outcome = World.run(Plan.of(seed), Set.of(Bug.NO_PREVIOUS_CHECK, Bug.NO_TOKEN_CHECK), false);
            found = outcome.isBroken() ? outcome : null;
        }
        World.Outcome shortest = Shrinker.shorten(found, Set.of(Bug.NO_PREVIOUS_CHECK, Bug.NO_TOKEN_CHECK));
        assertThat(shortest.isBroken()).isTrue();
        List<Plan.At> faults = shortest.plan().faults();
        assertThat(faults).hasSizeLessThan(found.plan().faults().size());
        for (Plan.At fault : faults) {
            // None of those that are left is superfluous.
            List<Plan.At> others =
                    faults.stream().filter(other -> !other.equals(fault)).toList();
            World.Outcome without =
                    World.run(shortest.plan().with(others), Set.of(Bug.NO_PREVIOUS_CHECK, Bug.NO_TOKEN_CHECK), false);
            assertThat(without.isBroken()).as("without " + fault).isFalse();
        }
        assertThat(shortest.trace()).contains("BROKEN");
    }

    /** What the runs have in common. */
    private static final class Tally {
        private long runs;
        private long steps;
        private long faults;
        private long effects;
        private long givenUp;
        private long claims;
        private long fewestSteps = Long.MAX_VALUE;
        private int fewestFaults = Integer.MAX_VALUE;

        synchronized void add(World.Outcome outcome) {
            runs++;
            steps += outcome.steps();
            faults += outcome.faults();
            effects += outcome.effects();
            givenUp += outcome.givenUp();
            claims += outcome.claims();
            fewestSteps = Math.min(fewestSteps, outcome.steps());
            fewestFaults = Math.min(fewestFaults, outcome.faults());
        }

        @Override
        public String toString() {
            return runs + " seeds, " + steps + " steps (at least " + fewestSteps + "), " + faults + " faults (at least "
                    + fewestFaults + "), " + claims + " claims, " + effects + " effects, " + givenUp + " given up";
        }
    }
}
