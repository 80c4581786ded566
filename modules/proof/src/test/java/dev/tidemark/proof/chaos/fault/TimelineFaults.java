package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.Proof;
import dev.tidemark.proof.chaos.Evidence;
import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.Patience;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.Finding.Status;
import dev.tidemark.proof.check.ToldCheck;
import dev.tidemark.testkit.postgres.LaggingReplica;
import dev.tidemark.testkit.process.Ports;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import org.awaitility.Awaitility;

/** What takes the database back in time: a replica that lags is promoted, an older backup is restored. */
final class TimelineFaults {
    private TimelineFaults() {}

    /** Lets the group go on for a while, so that there is something to lose. */
    private static void letProgress(World world) {
        long enough = world.group().progress() + 50 + world.random().nextInt(200);
        Awaitility.await("progress that is lost")
                .atMost(Patience.LONG)
                .until(() -> world.group().progress() >= enough);
    }

    /** What is gone now must be a suffix: it is read from the log again. */
    private static void checkSuffix(World world) {
        world.record();
        try (Connection c = world.database().superuser().connect()) {
            Proof proof = Evidence.read(c, world, Map.of());
            Finding finding = ToldCheck.suffix(proof.told(), proof.facts(), proof.positions());
            if (finding.status() == Status.VIOLATED) {
                world.trouble(finding);
            }
        } catch (SQLException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** F9: the primary crashes, and a replica that lags takes its place under running members. */
    static final class FailOver extends Fault {
        FailOver() {
            super("F9", "a lagging replica is promoted");
        }

        @Override
        public boolean needsOwnServers() {
            return true;
        }

        @Override
        public Injection inject(World world) {
            LaggingReplica replica = new LaggingReplica(world.server(), Ports.free());
            letProgress(world);
            Instant begin = Instant.now();
            world.refuseMembers(true);
            replica.failOver();
            world.switchTo(replica);
            checkSuffix(world);
            world.refuseMembers(false);
            return Injection.over(title(), begin, world.partitions());
        }
    }

    /** F10: an older backup is restored under running members. */
    static final class Restore extends Fault {
        Restore() {
            super("F10", "an older backup is restored");
        }

        @Override
        public Injection inject(World world) {
            String name = world.database().name();
            String backup = name + "_backup";
            copy(world, name, backup);
            world.refuseMembers(false);
            letProgress(world);
            Instant begin = Instant.now();
            copy(world, backup, name);
            checkSuffix(world);
            world.observer().close();
            world.refuseMembers(false);
            return Injection.over(title(), begin, world.partitions());
        }

        /** Replaces a database with a copy of another, while nobody is connected. */
        private static void copy(World world, String from, String to) {
            world.refuseMembers(true);
            world.observer().close();
            try (Connection c = world.server().connect("postgres");
                    var s = c.createStatement()) {
                s.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + from + "'");
                Awaitility.await("the last session ends").atMost(Patience.LONG).until(() -> {
                    try (var r =
                            s.executeQuery("select count(*) from pg_stat_activity where datname = '" + from + "'")) {
                        return r.next() && r.getInt(1) == 0;
                    }
                });
                s.execute("drop database if exists " + to + " with (force)");
                s.execute("create database " + to + " template " + from + " owner tidemark_owner");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
