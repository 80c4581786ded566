package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.proof.chaos.member.ProxyLink;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/** What happens to the network. */
final class NetworkFaults {
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofSeconds(12);

    /** A silent connection is only cut once its unit is over its deadline, which is five minutes by default. */
    private static final Map<String, String> QUICK_DEADLINE = Map.of("deadline", "PT20S");

    private NetworkFaults() {}

    /** F18: the way to PostgreSQL is cut or silent for a time, or all ways to Kafka are silent. */
    static final class CutNetwork extends Fault {
        CutNetwork() {
            super("F18", "network cut client-PostgreSQL and client-Kafka");
        }

        @Override
        public Map<String, String> memberSettings() {
            return QUICK_DEADLINE;
        }

        @Override
        public Injection inject(World world) {
            Member victim = world.victim();
            Set<Integer> owned = world.group().ownedBy(victim.pid());
            Instant begin = Instant.now();
            switch (world.random().nextInt(3)) {
                case 0 -> {
                    victim.proxy().refuse(true);
                    world.last(SHORT, LONG);
                    victim.proxy().refuse(false);
                    return Injection.over("PostgreSQL refuses", begin, owned);
                }
                case 1 -> {
                    victim.proxy().silenceAll();
                    world.last(SHORT, LONG);
                    victim.proxy().speak();
                    return Injection.over("PostgreSQL is silent", begin, owned);
                }
                default -> {
                    world.broker().freeze();
                    world.last(SHORT, LONG);
                    world.broker().thaw();
                    return Injection.over("Kafka is silent", begin, world.partitions());
                }
            }
        }
    }

    /** F21: connections fall silent without closing, for good; new ones work. */
    static final class FallSilent extends Fault {
        FallSilent() {
            super("F21", "a connection falls silent without closing");
        }

        @Override
        public Map<String, String> memberSettings() {
            return QUICK_DEADLINE;
        }

        @Override
        public Injection inject(World world) {
            Member victim = world.victim();
            Set<Integer> owned = world.group().ownedBy(victim.pid());
            Instant begin = Instant.now();
            String label = switch (world.random().nextInt(3)) {
                case 0 -> {
                    victim.proxy().silence(ProxyLink::isWorker);
                    yield "the worker's connection is silent";
                }
                case 1 -> {
                    victim.proxy().silence(ProxyLink::isControl);
                    yield "the control connection is silent";
                }
                default -> {
                    victim.proxy().silence(link -> true);
                    yield "all connections are silent";
                }
            };
            return Injection.over(label, begin, owned);
        }
    }
}
