package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.Patience;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.proof.chaos.member.PostgresProxy.Deed;
import dev.tidemark.proof.chaos.member.PostgresProxy.Moment;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;

/** What happens to the process that owns partitions: it is killed, or stopped and wakes up too late. */
final class OwnerFaults {
    private OwnerFaults() {}

    /** Waits for a moment of the victim; false if it lost its partitions before it came. */
    static boolean comes(World world, Member victim, BooleanSupplier moment) {
        Awaitility.await("the moment to strike")
                .atMost(Patience.LONG)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> moment.getAsBoolean()
                        || world.group().ownedBy(victim.pid()).isEmpty());
        return moment.getAsBoolean();
    }

    /** F1: SIGKILL, now and then inside an open unit; another process takes its place. */
    static final class Kill extends Fault {
        Kill() {
            super("F1", "kill -9");
        }

        @Override
        public Injection inject(World world) {
            Member victim = world.victim();
            boolean inside = world.random().nextInt(3) == 0;
            if (inside) {
                victim.hold();
                inside = comes(world, victim, victim::isHeld);
            }
            Set<Integer> owned = world.group().ownedBy(victim.pid());
            Instant begin = Instant.now();
            victim.kill();
            world.members().gone(victim);
            Member unused = world.members().start();
            return Injection.ownerGone(inside ? "kill -9 in an open unit" : "kill -9", begin, victim.pid(), owned);
        }
    }

    /** What stops a process and lets it wake up when others have taken over. */
    abstract static class Stop extends Fault {
        private Member stopped;

        Stop(String id, String title) {
            super(id, title);
        }

        /** Makes the victim come to the moment; false if it did not. */
        abstract boolean prepare(World world, Member victim);

        /** What the victim finds when it wakes up. */
        abstract void wake(Member victim);

        @Override
        public Injection inject(World world) {
            Member victim = world.victim();
            while (!prepare(world, victim)) {
                victim = world.victim();
            }
            Set<Integer> owned = world.group().ownedBy(victim.pid());
            Instant begin = Instant.now();
            victim.freeze();
            stopped = victim;
            return Injection.ownerGone(title(), begin, victim.pid(), owned);
        }

        @Override
        public void afterRecovery(World world) {
            stopped.thaw();
            wake(stopped);
        }
    }

    /** F2: SIGSTOP inside an open unit, longer than the session timeout. */
    static final class StopInUnit extends Stop {
        StopInUnit() {
            super("F2", "SIGSTOP inside an open unit");
        }

        @Override
        boolean prepare(World world, Member victim) {
            victim.hold();
            boolean held = comes(world, victim, victim::isHeld);
            if (!held) {
                victim.go();
            }
            return held;
        }

        @Override
        void wake(Member victim) {
            victim.go();
        }
    }

    /** F3: SIGSTOP between advance and COMMIT; it sends COMMIT when others have taken over. */
    static final class StopBeforeCommit extends Stop {
        StopBeforeCommit() {
            super("F3", "SIGSTOP between advance and COMMIT");
        }

        @Override
        boolean prepare(World world, Member victim) {
            victim.proxy().arm(Moment.ADVANCE_REPLY, Deed.HOLD);
            boolean struck = comes(world, victim, victim.proxy()::hasStruck);
            if (!struck) {
                victim.proxy().disarm();
                victim.proxy().release();
            }
            return struck;
        }

        @Override
        void wake(Member victim) {
            victim.proxy().release();
        }
    }
}
