package dev.tidemark.simulation;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;

/**
 * All of a run that is decided before it begins.
 *
 * @param badness how many of a hundred records are not plainly healthy
 */
record Plan(
        long seed,
        Group.Protocol protocol,
        int members,
        int partitions,
        int workers,
        int maxRecords,
        boolean batch,
        boolean serializable,
        boolean strict,
        boolean resumesAfterGaps,
        int policy,
        int badness,
        long sessionTimeout,
        long drain,
        long faultSteps,
        int records,
        List<At> faults) {
    /**
     * A fault.
     *
     * @param step at which it happens, or soon after it
     * @param random decides its details
     */
    record At(long step, Fault fault, long random) {}

    static final int LEAST_FAULTS = 10;
    static final int LEAST_STEPS = 200;

    static Plan of(long seed) {
        Random random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
        Fault[] all = Fault.values();
        // Some runs have only some kinds, so that these meet each other more often.
        EnumSet<Fault> kinds = EnumSet.noneOf(Fault.class);
        boolean some = random.nextBoolean();
        while (kinds.size() < (some ? 4 : all.length)) {
            kinds.add(all[random.nextInt(all.length)]);
        }
        List<Fault> chosen = new ArrayList<>(kinds);
        long steps = 200L + random.nextInt(500);
        int count = LEAST_FAULTS + 2 + random.nextInt(12);
        List<At> faults = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            faults.add(new At(
                    30 + (long) (random.nextDouble() * (steps - 30)),
                    chosen.get(random.nextInt(chosen.size())),
                    random.nextLong()));
        }
        faults.sort(Comparator.comparingLong(At::step));
        boolean recreated = kinds.contains(Fault.RECREATED);
        return new Plan(
                seed,
                List.of(Group.Protocol.values()).get(random.nextInt(3)),
                1 + random.nextInt(3),
                1 + random.nextInt(4),
                1 + random.nextInt(2),
                1 + random.nextInt(15),
                random.nextBoolean(),
                random.nextInt(6) == 0,
                recreated || random.nextInt(5) == 0,
                random.nextBoolean(),
                random.nextInt(6),
                random.nextBoolean() ? 0 : random.nextInt(25),
                5_000 + random.nextInt(10) * 1_000L,
                random.nextInt(3) * 2_000L,
                steps,
                5 + random.nextInt(30),
                faults);
    }

    Plan with(List<At> fewer) {
        return new Plan(
                seed,
                protocol,
                members,
                partitions,
                workers,
                maxRecords,
                batch,
                serializable,
                strict,
                resumesAfterGaps,
                policy,
                badness,
                sessionTimeout,
                drain,
                faultSteps,
                records,
                fewer);
    }

    Plan withSize(int fewerMembers, int fewerPartitions, int fewerRecords, int fewerWorkers) {
        return new Plan(
                seed,
                protocol,
                fewerMembers,
                fewerPartitions,
                fewerWorkers,
                maxRecords,
                batch,
                serializable,
                strict,
                resumesAfterGaps,
                policy,
                badness,
                sessionTimeout,
                drain,
                faultSteps,
                fewerRecords,
                faults);
    }

    FailurePolicy failurePolicy() {
        return switch (policy) {
            case 0 -> FailurePolicy.park();
            case 1 -> FailurePolicy.skip();
            case 2 -> FailurePolicy.parkKey();
            case 3 -> FailurePolicy.halt();
            case 4 -> FailurePolicy.retry(2, Duration.ofMillis(50)).then(FailurePolicy.park());
            default -> FailurePolicy.retry(1, Duration.ofSeconds(1)).then(FailurePolicy.halt());
        };
    }

    UnitLimits limits() {
        return UnitLimits.defaults().withMaxRecords(maxRecords);
    }

    boolean has(Fault fault) {
        return faults.stream().anyMatch(at -> at.fault() == fault);
    }
}
