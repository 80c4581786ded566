package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.proof.chaos.member.PostgresProxy.Deed;
import dev.tidemark.proof.chaos.member.PostgresProxy.Moment;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/** What happens to the COMMIT of a unit on its way. */
final class CommitFaults {
    private CommitFaults() {}

    /** A member whose unit is at this moment. */
    private static Member struck(World world, Moment moment, Deed deed) {
        while (true) {
            Member victim = world.victim();
            victim.proxy().arm(moment, deed);
            if (OwnerFaults.comes(world, victim, victim.proxy()::hasStruck)) {
                return victim;
            }
            victim.proxy().disarm();
            victim.proxy().release();
        }
    }

    /** F4 and F5: the connection is cut, before COMMIT reaches the server or before its reply reaches the client. */
    static final class Cut extends Fault {
        private final Moment moment;

        private Cut(String id, String title, Moment moment) {
            super(id, title);
            this.moment = moment;
        }

        static Cut before() {
            return new Cut("F4", "cut before COMMIT reaches PostgreSQL", Moment.COMMIT);
        }

        static Cut after() {
            return new Cut("F5", "cut after COMMIT, before its reply", Moment.COMMIT_REPLY);
        }

        @Override
        public Injection inject(World world) {
            Member victim = struck(world, moment, Deed.CUT);
            return Injection.over(title(), Instant.now(), world.group().ownedBy(victim.pid()));
        }
    }

    /** F6: COMMIT is on its way for a long time and arrives late, its client waiting, stopped or dead. */
    static final class Freeze extends Fault {
        Freeze() {
            super("F6", "COMMIT frozen, released late");
        }

        @Override
        public Injection inject(World world) {
            Member victim = struck(world, Moment.COMMIT, Deed.HOLD);
            Instant begin = Instant.now();
            Set<Integer> owned = world.group().ownedBy(victim.pid());
            int variant = world.random().nextInt(3);
            if (variant == 1) {
                world.replace(victim);
            } else if (variant == 2) {
                victim.freeze();
            }
            world.last(Duration.ZERO, Duration.ofSeconds(10));
            victim.proxy().release();
            if (variant == 2) {
                victim.thaw();
            }
            return variant == 1
                    ? Injection.ownerGone("COMMIT late, its client killed", begin, victim.pid(), owned)
                    : Injection.over("COMMIT late, its client " + (variant == 0 ? "waiting" : "stopped"), begin, owned);
        }
    }
}
