package dev.tidemark.simulation;
import java.util.Set;
final class Bugs {
    public static void main(String[] args) {
        ((ch.qos.logback.classic.Logger) org.slf4j.LoggerFactory.getLogger("ROOT")).setLevel(ch.qos.logback.classic.Level.OFF);
        for (Bug bug : Bug.values()) {
            String found = "NOT FOUND";
            for (long seed = 1; seed <= Integer.parseInt(args[0]); seed++) {
                World.Outcome o = World.run(Plan.of(seed), Set.of(bug), false);
                if (o.isBroken()) { found = "seed " + seed + ": " + o.broken(); break; }
            }
            System.out.println(bug + " " + found);
        }
    }
}
