package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.DatabaseRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A topic is deleted and created again, and the group is bound to the new one. */
@Tag("exhaustive")
class RebindIT {
    private final ReadGroup group = ReadGroup.make();
    private final Cli cli = group.cli();

    private void createAgain(int partitions) {
        group.kafka.createAgain(group.name, partitions);
        try (var producer = group.kafka.producer()) {
            Servers.produceTo(producer, group.zero, Flights.sample().subList(0, 120));
        }
    }

    private static void assertFails(Result result, int exitCode, String code, String... words) {
        assertThat(result.err().lines().reduce((a, b) -> b).orElse(""))
                .startsWith(code)
                .contains(words);
        assertThat(result.exitCode()).isEqualTo(exitCode);
    }

    @Test
    void aTopicThatWasCreatedAgainIsBoundAndReadFromItsBeginning(@TempDir Path directory) throws IOException {
        String before = group.kafka.topicId(group.name);
        createAgain(3);
        String after = group.kafka.topicId(group.name);
        assertFails(
                cli.run("reset", group.name, "--to-earliest", "--all-topics", "--execute"),
                ExitCode.FAILED,
                "TM-302",
                before,
                after,
                "tidemark rebind " + group.name + " --topic " + group.name);
        assertFails(cli.run("export-to-kafka", group.name, "--execute"), ExitCode.FAILED, "TM-302", "tidemark rebind");
        assertFails(
                cli.run("rebind", group.name, "--topic", group.name, "--execute"),
                ExitCode.WRONG_INPUT,
                "TM-103",
                "exactly one of --to-earliest");

        Result dry = cli.run("rebind", group.name, "--topic", group.name, "--to-earliest");
        assertThat(dry.exitCode()).isZero();
        assertThat(dry.err()).contains(before, after, "2 partitions", "3 partitions", "--execute does it");
        assertThat(dry.out().lines().toList().get(1)).matches(group.name + " +0 +100 +0 +120");
        assertThat(dry.out().lines().toList().get(3)).matches(group.name + " +2 +- +0 +0");
        assertThat(group.stored()).containsExactly(100L, 100L);

        Path sql = Files.writeString(directory.resolve("clean.sql"), "truncate applied, airport");
        Result done = cli.run(
                "rebind",
                group.name,
                "--topic",
                group.name,
                "--to-earliest",
                "--with-sql",
                sql.toString(),
                "--reason",
                "created again",
                "--execute");
        assertThat(done.err()).contains("incarnation 2");
        assertThat(done.exitCode()).isZero();
        assertThat(group.database.query("select topic_id, incarnation, partitions from tidemark.topic_binding"))
                .containsExactly(after + "|2|3");
        assertThat(group.database.query("select partition, from_offset, to_offset, reason from tidemark.audit_log"
                        + " where action = 'rebind' order by partition nulls first"))
                .containsExactly(
                        "null|null|null|created again",
                        "0|100|0|created again",
                        "1|100|0|created again",
                        "2|null|0|created again");
        try (Running running = Running.start(
                group.database,
                group.kafka.consumerConfig(group.name, "cooperative"),
                builder -> builder.topics(group.name).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(group.database, group.name) == 120);
        }
        ExactlyOnce.assertComplete(
                group.database,
                group.name,
                group.kafka.logEnds(group.name, 3),
                Flights.truth(Flights.sample().subList(0, 120)));
        assertFails(
                cli.run("rebind", group.name, "--topic", group.name, "--to-earliest"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "nothing to rebind",
                after);
    }

    @Test
    void offsetsThatStayMustBeInTheNewLogUnlessForced() {
        createAgain(1);
        group.store(110, 90);
        Result kept = cli.run("rebind", group.name, "--topic", group.name, "--to-current");
        assertThat(kept.exitCode()).isZero();
        assertThat(kept.out().lines().toList()).hasSize(2);
        assertThat(kept.out().lines().toList().get(1)).matches(group.name + " +0 +110 +110 +10");
        assertFails(
                cli.run("rebind", group.name, "--topic", group.name, "--to-offset", "121", "--execute"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "from 0 to 120");
        assertThat(cli.run("rebind", group.name, "--topic", group.name, "--to-offset", "121", "--force", "--execute")
                        .exitCode())
                .isZero();
        assertThat(group.database.query("select partition, next_offset from tidemark.stored_offset"))
                .containsExactly("0|121");
    }

    /** Runs a command while another session holds what it waits for, and lets the session commit then. */
    private Result whileHeld(DatabaseLogin holder, String sql, String... command) throws SQLException {
        try (Connection c = holder.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute(sql);
            CompletableFuture<Result> second = CompletableFuture.supplyAsync(() -> cli.run(command));
            Awaitility.await("the command waits")
                    .until(() -> group.database
                                    .superuser()
                                    .number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                            + " and datname = current_database()")
                            > 0);
            c.commit();
            return second.join();
        }
    }

    private String rebindByHand(String topicId, String offsets) {
        return "select tidemark.rebind_topic('" + group.name + "', '" + group.name
                + "', (select cluster_id from tidemark.topic_binding), '" + topicId + "', array[" + offsets + "])";
    }

    @Test
    void ofTwoWhoRebindAtOnceTheSecondChangesNothing() throws SQLException {
        createAgain(2);
        String[] rebind = {"rebind", group.name, "--topic", group.name, "--to-earliest", "--execute"};
        Result second = whileHeld(
                group.database.as(DatabaseRole.OPERATOR),
                rebindByHand(group.kafka.topicId(group.name), "90, 0"),
                rebind);
        assertFails(
                second,
                ExitCode.FAILED,
                "TM-603",
                "was already rebound, by tidemark_operator in change ",
                "nothing was moved");
        assertThat(group.stored()).containsExactly(90L, 0L);
        // One that comes later sees it before it begins.
        assertFails(cli.run(rebind), ExitCode.WRONG_INPUT, "TM-601", "nothing to rebind");
        assertThat(group.database.query("select incarnation from tidemark.topic_binding"))
                .containsExactly("2");
    }

    @Test
    void aRebindToWhereItStandsCountsFromWhereItStandsThen() throws SQLException {
        createAgain(2);
        Result moved = whileHeld(
                group.database.owner(),
                "update tidemark.stored_offset set next_offset = 110 where partition = 0",
                "rebind",
                group.name,
                "--topic",
                group.name,
                "--to-current",
                "--force",
                "--execute");
        assertThat(moved.exitCode()).as(moved.err()).isZero();
        assertThat(group.stored()).containsExactly(110L, 100L);
        assertThat(moved.out().lines().toList().get(1)).matches(group.name + " +0 +110 +110 +10");
        assertThat(group.database.query("select incarnation from tidemark.topic_binding"))
                .containsExactly("2");
    }

    /** What was planned for one topic must not be done to the next. */
    @Test
    void aResetThatWaitedForARebindChangesNothing() throws SQLException {
        for (String[] selector :
                new String[][] {{"--to-offset", "10", "--force"}, {"--shift-by", "-5", "--force"}, {"--to-current"}}) {
            List<String> command = new ArrayList<>(List.of("reset", group.name, "--all-topics", "--execute"));
            command.addAll(List.of(selector));
            long before = group.database.number("select incarnation from tidemark.topic_binding");
            Result refused = whileHeld(
                    group.database.as(DatabaseRole.OPERATOR),
                    rebindByHand("other-" + before, "50, 60"),
                    command.toArray(String[]::new));
            assertFails(
                    refused, ExitCode.FAILED, "TM-603", "bound again since this was planned", "nothing was changed");
            assertThat(group.stored()).as(command.toString()).containsExactly(50L, 60L);
        }
    }

    @Test
    void wrongInputAndServersThatAreAwayAreExplained() {
        Cli noKafka = Cli.on(group.database, "localhost:1");
        Cli noDatabase = Cli.with(Map.of(
                "TIDEMARK_JDBC_URL",
                "jdbc:postgresql://localhost:1/nothing",
                "TIDEMARK_BOOTSTRAP_SERVERS",
                group.kafka.bootstrapServers()));
        String[] rebind = {"rebind", group.name, "--topic", group.name, "--to-earliest"};
        assertFails(noKafka.run(rebind), ExitCode.UNREACHABLE, "TM-310", "Kafka");
        assertFails(noDatabase.run(rebind), ExitCode.UNREACHABLE, "TM-212", "database");
        assertFails(Cli.on(group.database).run(rebind), ExitCode.WRONG_INPUT, "TM-103", "--bootstrap-servers");
        assertFails(
                cli.run("rebind", "nobody", "--topic", group.name, "--to-earliest"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "nobody");
        assertFails(
                cli.run("rebind", group.name, "--topic", "other", "--to-earliest"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "topic other",
                group.name);
        assertThat(cli.run("rebind", group.name, "--to-earliest").exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    }
}
