package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.Patience;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.PgBouncer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;

/** What happens to the servers: sessions ended or stopped, crashes, exhausted resources, lost rights. */
final class ServerFaults {
    private ServerFaults() {}

    private static String sessions(World world) {
        return " from pg_stat_activity where usename = '" + DatabaseRole.WRITER.login() + "' and datname = '"
                + world.database().name() + "'";
    }

    private static void endSessions(World world, double share) {
        var unused = world.observer()
                .rows("select pg_terminate_backend(pid)" + sessions(world) + " and random() < " + share);
    }

    /** F7: sessions are ended by a person. */
    static final class Terminate extends Fault {
        Terminate() {
            super("F7", "pg_terminate_backend");
        }

        @Override
        public Injection inject(World world) {
            Instant begin = Instant.now();
            endSessions(world, world.random().nextBoolean() ? 1 : 0.5);
            return Injection.over(title(), begin, world.partitions());
        }
    }

    /** F8: the database server crashes and comes back. */
    static final class Restart extends Fault {
        Restart() {
            super("F8", "pg_ctl restart -m immediate");
        }

        @Override
        public Injection inject(World world) {
            Instant begin = Instant.now();
            world.postgres().restartImmediately();
            return Injection.over(title(), begin, world.partitions());
        }
    }

    /** F11: the broker is killed and comes back. */
    static final class KillBroker extends Fault {
        KillBroker() {
            super("F11", "broker kill -9");
        }

        @Override
        public Injection inject(World world) {
            Instant begin = Instant.now();
            world.broker().kill();
            world.last(Duration.ZERO, Duration.ofSeconds(8));
            world.broker().boot();
            return Injection.over(title(), begin, world.partitions());
        }
    }

    /** F20: a pool has no connection left, or PgBouncer restarts where there is one. */
    static final class Pools extends Fault {
        private PgBouncer bouncer;

        Pools() {
            super("F20", "pool exhausted, PgBouncer restarted");
        }

        /** PgBouncer before 1.21 knows no prepared statements. */
        @Override
        public Map<String, String> memberSettings() {
            return Map.of("jdbcOptions", "&prepareThreshold=0");
        }

        @Override
        public Injection inject(World world) {
            if (bouncer == null && PgBouncer.binary().isPresent()) {
                bouncer = PgBouncer.start(world.postgres(), 20);
                world.leadThrough(bouncer, bouncer::port);
            }
            Instant begin = Instant.now();
            if (bouncer != null && world.random().nextBoolean()) {
                bouncer.kill();
                world.last(Duration.ZERO, Duration.ofSeconds(5));
                bouncer.boot("transaction");
                return Injection.over("PgBouncer restarted", begin, world.partitions());
            }
            Member victim = world.victim();
            Set<Integer> owned = world.group().ownedBy(victim.pid());
            victim.exhaustPool(true);
            world.last(Duration.ofSeconds(1), Duration.ofSeconds(12));
            victim.exhaustPool(false);
            return Injection.over("pool exhausted", begin, owned);
        }
    }

    /** F23: the server's processes for the members' sessions stop for seconds. */
    static final class StopBackends extends Fault {
        StopBackends() {
            super("F23", "the server's backends are stopped for seconds");
        }

        @Override
        public Injection inject(World world) {
            List<String> pids = world.observer().rows("select pid" + sessions(world)).stream()
                    .map(row -> row.get(0))
                    .toList();
            Instant begin = Instant.now();
            signal("-STOP", pids);
            world.last(Duration.ofSeconds(1), Duration.ofSeconds(12));
            signal("-CONT", pids);
            return Injection.over(title(), begin, world.partitions());
        }

        private static void signal(String signal, List<String> pids) {
            List<String> command = new ArrayList<>(List.of("kill", signal));
            command.addAll(pids);
            try {
                // A session may have ended meanwhile; then kill says so, and signals the others.
                int unused = new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** F24: connections are used up, or a right is revoked, and both come back. */
    static final class Refuse extends Fault {
        Refuse() {
            super("F24", "max_connections used up, rights revoked and given back");
        }

        @Override
        public Injection inject(World world) {
            Instant begin = Instant.now();
            String label;
            if (world.random().nextBoolean()) {
                label = "connections used up";
                useUp(world);
            } else {
                label = "rights revoked";
                String writer = DatabaseRole.WRITER.login();
                world.database().owner().execute("revoke usage on schema tidemark from " + writer);
                world.last(Duration.ofSeconds(1), Duration.ofSeconds(8));
                world.database().owner().execute("grant usage on schema tidemark to " + writer);
            }
            return Injection.over(label, begin, world.partitions());
        }

        private static void useUp(World world) {
            List<Connection> taken = new ArrayList<>();
            try {
                boolean ended = false;
                while (taken.size() < 500) {
                    taken.add(world.database().as(DatabaseRole.OPERATOR).connect());
                    if (taken.size() == 50 && !ended) {
                        endSessions(world, 1);
                        ended = true;
                    }
                }
            } catch (SQLException e) {
                // There are no more, which is what is wanted.
            }
            world.last(Duration.ofSeconds(1), Duration.ofSeconds(8));
            for (Connection c : taken) {
                try {
                    c.close();
                } catch (SQLException e) {
                    // It is gone.
                }
            }
        }

        /** Who lacks a right has halted, or has ended with the code for it; a person starts it again once the right is back. */
        @Override
        public void whileWaiting(World world) {
            for (Member member : world.members().living()) {
                if (!member.isAlive() && member.output().contains("TM-204")) {
                    world.replace(member);
                }
            }
            restartHalted(world);
        }
    }

    /** Starts members again whose partitions have halted. */
    static void restartHalted(World world) {
        Set<Integer> halted = world.group().halted().keySet();
        if (halted.isEmpty()) {
            return;
        }
        for (Member member : world.members().living()) {
            if (world.group().ownedBy(member.pid()).stream().anyMatch(halted::contains)) {
                world.replace(member);
            }
        }
        Awaitility.await("claims after a halt")
                .atMost(Patience.LONG)
                .until(() -> world.group().halted().isEmpty());
    }
}
