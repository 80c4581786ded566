package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Cli;
import dev.tidemark.testkit.Cli.Result;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A topic is deleted and created again, and the group is bound to the new one. */
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

    @Test
    void wrongInputAndServersThatAreAwayAreExplained() {
        Cli noKafka = Cli.on(group.database, "localhost:1");
        Cli noDatabase = Cli.with(Map.of(
                "TIDEMARK_JDBC_URL",
                "jdbc:postgresql://localhost:1/nothing",
                "TIDEMARK_BOOTSTRAP_SERVERS",
                group.kafka.bootstrapServers()));
        String[] rebind = {"rebind", group.name, "--topic", group.name, "--to-earliest"};
        assertFails(noKafka.run(rebind), ExitCode.AWAY, "TM-602", "Kafka");
        assertFails(noDatabase.run(rebind), ExitCode.AWAY, "TM-602", "database");
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
