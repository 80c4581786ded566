package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.DatabaseRole;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** What people do to the tables while a group runs: move offsets, hold rows, change the table. */
final class PersonFaults {
    private PersonFaults() {}

    /** F17: an offset is moved, by SQL or by the operator's function, back or forward. */
    static final class Move extends Fault {
        private int moves;

        Move() {
            super("F17", "offsets edited by SQL, reset by the operator's function");
        }

        @Override
        public Injection inject(World world) {
            int partition = world.partition();
            long position = world.group().positions().get(partition);
            Map<TopicPartition, Long> ends =
                    world.kafka().logEnds(world.topic(), world.partitions().size());
            long end = ends.get(new TopicPartition(world.topic(), partition));
            long to = world.random().nextInt(3) == 0
                    ? Math.min(end, position + world.random().nextInt(30))
                    : Math.max(0, position - world.random().nextInt(150));
            Instant begin = Instant.now();
            if (moves++ % 4 == 0) {
                // To where it is: the owner is fenced, and nothing else changes.
                world.database()
                        .owner()
                        .execute("update tidemark.stored_offset set next_offset = next_offset where group_id = '"
                                + world.topic() + "' and partition = " + partition);
                return Injection.over("partition " + partition + " moved to where it is", begin, Set.of(partition));
            }
            boolean bySql = world.random().nextBoolean();
            if (bySql) {
                world.database()
                        .owner()
                        .execute("update tidemark.stored_offset set next_offset = " + to + " where group_id = '"
                                + world.topic() + "' and partition = " + partition);
            } else {
                world.database()
                        .execute("select tidemark.reset_offset('" + world.topic() + "', '" + world.topic() + "', "
                                + partition + ", " + to + ", 'chaos')");
            }
            return Injection.over(
                    "partition " + partition + " moved to " + to + (bySql ? " by SQL" : " by the operator"),
                    begin,
                    Set.of(partition));
        }
    }

    /** F22: a session of another role holds an offset row, a row of the effects, or their table. */
    static final class HoldLock extends Fault {
        HoldLock() {
            super("F22", "a person of another role holds an offset row, an effect row, the table");
        }

        @Override
        public Injection inject(World world) {
            int partition = world.partition();
            int variant = world.random().nextInt(3);
            DatabaseLogin person = variant == 1
                    ? world.database().as(DatabaseRole.OPERATOR)
                    : world.database().owner();
            String sql = List.of(
                            "select from tidemark.stored_offset where group_id = '" + world.topic()
                                    + "' and partition = " + partition + " for update",
                            "select from account where code = 'account-" + partition + "' for update",
                            "lock table effect in access exclusive mode")
                    .get(variant);
            Instant begin = Instant.now();
            try (Connection c = person.connect();
                    Statement s = c.createStatement()) {
                c.setAutoCommit(false);
                s.execute(sql);
                world.last(Duration.ofSeconds(1), Duration.ofSeconds(12));
                c.rollback();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            return Injection.over(
                    List.of("offset row held", "effect row held", "table held").get(variant),
                    begin,
                    variant == 2 ? world.partitions() : Set.of(partition));
        }
    }

    /** F25: the table of the effects is changed. */
    static final class ChangeTable extends Fault {
        private int columns;

        ChangeTable() {
            super("F25", "DDL on the effects table");
        }

        @Override
        public Injection inject(World world) {
            String ddl = next(world);
            Instant begin = Instant.now();
            world.database().owner().execute(ddl);
            return Injection.over(ddl, begin, world.partitions());
        }

        private String next(World world) {
            return switch (world.random().nextInt(4)) {
                case 0 -> "alter table effect add column extra" + ++columns + " int default 7";
                case 1 -> "alter table effect drop column if exists extra" + columns;
                case 2 ->
                    "alter table effect alter column partition type "
                            + (world.random().nextBoolean() ? "bigint" : "int");
                default -> "create index on effect (partition, record_offset)";
            };
        }

        @Override
        public void whileWaiting(World world) {
            ServerFaults.restartHalted(world);
        }
    }
}
