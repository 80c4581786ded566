package dev.tidemark.simulation;

import java.util.Set;

/** For experiments. */
final class Main {
    public static void main(String[] args) {
        ((ch.qos.logback.classic.Logger) org.slf4j.LoggerFactory.getLogger("ROOT"))
                .setLevel(ch.qos.logback.classic.Level.OFF);
        long from = Long.parseLong(args[0]);
        long count = Long.parseLong(args[1]);
        long began = System.nanoTime();
        long digest = 0, steps = 0, faults = 0, effects = 0, givenUp = 0;
        int broken = 0;
        for (long seed = from; seed < from + count; seed++) {
            World.Outcome o = World.run(Plan.of(seed), Set.of(), count == 1);
            digest = digest * 31 + o.digest();
            steps += o.steps();
            faults += o.faults();
            effects += o.effects();
            givenUp += o.givenUp();
            if (Boolean.getBoolean("each")) System.out.println(seed + " steps " + o.steps() + " effects " + o.effects() + " switches " + o.switches() + " at ms " + (System.nanoTime() - began) / 1_000_000);
            if (count == 1) System.out.println(o.plan() + "\n" + o.trace());
            if (o.isBroken() && broken++ < 10) System.out.println("seed " + seed + ": " + o.broken());
        }
        System.out.println(count + " seeds, " + broken + " broken, steps " + steps + " faults " + faults + " effects " + effects + " given up " + givenUp + " digest " + digest + " in " + (System.nanoTime() - began) / 1_000_000 + " ms");
    }
}
