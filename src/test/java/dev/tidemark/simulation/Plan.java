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
 * @param faults in the order of their steps
 */
record Plan(long seed, Options options, Size size, List<At> faults) {
    /**
     * How the processes are set up.
     *
     * @param badness how many of a hundred records are not plainly healthy
     * @param sessionTimeout in milliseconds
     * @param drain in milliseconds
     * @param faultSteps the step after which there are no more faults
     */
    record Options(
            Group.Protocol protocol,
            int maxRecords,
            boolean batch,
            boolean serializable,
            boolean strict,
            boolean resumesAfterGaps,
            int policy,
            int badness,
            long sessionTimeout,
            long drain,
            long faultSteps) {
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

        Options readCommitted() {
            return new Options(
                    protocol,
                    maxRecords,
                    batch,
                    false,
                    strict,
                    resumesAfterGaps,
                    policy,
                    badness,
                    sessionTimeout,
                    drain,
                    faultSteps);
        }
    }

    /**
     * What is made smaller when a run is shortened.
     *
     * @param workers of each member
     * @param records at most as many are in a partition at the beginning
     */
    record Size(int members, int partitions, int workers, int records) {}

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
        Group.Protocol protocol = List.of(Group.Protocol.values()).get(random.nextInt(3));
        int members = 1 + random.nextInt(3);
        int partitions = 1 + random.nextInt(4);
        int workers = 1 + random.nextInt(2);
        Options options = new Options(
                protocol,
                1 + random.nextInt(15),
                random.nextBoolean(),
                random.nextInt(6) == 0,
                recreated || random.nextInt(5) == 0,
                random.nextBoolean(),
                random.nextInt(6),
                random.nextBoolean() ? 0 : random.nextInt(25),
                5_000 + random.nextInt(10) * 1_000L,
                random.nextInt(3) * 2_000L,
                steps);
        return new Plan(seed, options, new Size(members, partitions, workers, 5 + random.nextInt(30)), faults);
    }

    Plan with(List<At> fewer) {
        return new Plan(seed, options, size, fewer);
    }

    Plan with(Size smaller) {
        return new Plan(seed, options, smaller, faults);
    }

    /** What a real server can follow: at READ COMMITTED, whose conflicts are those of rows, and without a way back in its history. */
    Plan comparable() {
        List<At> followed = faults.stream()
                .filter(at -> at.fault() != Fault.FAIL_OVER && at.fault() != Fault.RESTORE)
                .toList();
        return new Plan(seed, options.readCommitted(), size, followed);
    }

    boolean has(Fault fault) {
        return faults.stream().anyMatch(at -> at.fault() == fault);
    }
}
