package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What people look at: groups and their partitions, as processes on real servers. */
class LookIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final Cli cli = Cli.on(database);

    /** A group that has read its topic of two partitions, and stopped. */
    private String readGroup() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("look"), 2);
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 100));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            running.until(
                    "lag is known",
                    () -> database.number("select count(*) from tidemark.consumer_lag where lag = 0") == 2);
        }
        return topic;
    }

    @Test
    void groupsAndTheirPartitionsAreShown() throws IOException {
        String group = readGroup();

        Result groups = cli.run("groups");
        assertThat(groups.exitCode()).isZero();
        assertThat(groups.err()).isEmpty();
        assertThat(groups.out().lines().toList().get(0))
                .matches("GROUP-ID +TOPICS +PARTITIONS +OWNED-PARTITIONS +HALTED-PARTITIONS +PAUSED-PARTITIONS +LAG"
                        + " +MAX-LAG +DEAD-LETTERS +UPDATED-AT");
        assertThat(groups.out().lines().toList().get(1)).matches(group + " +1 +2 +0 +0 +0 +0 +0 +0 +2\\S+Z");

        Result described = cli.run("describe", group);
        assertThat(described.exitCode()).isZero();
        assertThat(described.out().lines().toList()).hasSize(3);
        assertThat(described.out()).startsWith("TOPIC").contains("STORED-OFFSET", "LOG-END-OFFSET", "OWNER");

        Result json = cli.run("describe", group, "--output", "json");
        assertThat(new ObjectMapper().readTree(json.out()).findValuesAsText("state"))
                .containsExactly("free", "free");
        assertThat(new ObjectMapper().readTree(json.out()).get(0).get("lag").isIntegralNumber())
                .isTrue();

        Result csv = cli.run("describe", group, "-o", "csv");
        assertThat(csv.out().lines().toList().get(0))
                .startsWith("topic,partition,stored_offset,log_end_offset,lag,owner");
        assertThat(csv.out().lines()).hasSize(3);
    }

    @Tag("exhaustive")
    @Provokes(ErrorCode.NOTHING_MATCHED)
    @Test
    void aGroupThatDoesNotExistIsNamedAndSoAreThoseThatDo() {
        Result none = cli.run("describe", "nobody");
        assertThat(none.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(none.out()).isEmpty();
        assertThat(none.err()).isEqualToIgnoringNewLines("TM-601: no group nobody in schema tidemark: it has none yet");

        String group = readGroup();
        assertThat(cli.run("describe", "nobody").err())
                .isEqualToIgnoringNewLines("TM-601: no group nobody in schema tidemark: there is " + group);
    }

    @Tag("exhaustive")
    @Test
    void theSchemaIsMadeByTheCommandThatTheErrorNames() {
        TestDatabase empty = Servers.postgres().createDatabase();
        Cli there = Cli.on(empty);
        Result missing = there.run("groups");
        assertThat(missing.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(missing.err())
                .startsWith("TM-201")
                .contains("tidemark migrate")
                .hasLineCount(1);

        assertThat(there.run("migrate").exitCode()).isZero();
        empty.grantAccess("tidemark");
        Result again = there.run("migrate");
        assertThat(again.exitCode()).isZero();
        assertThat(again.out()).contains("SCHEMA-VERSION");
        assertThat(there.run("groups").exitCode()).isZero();

        Result other = there.run("groups", "--schema", "No Name");
        assertThat(other.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(other.err()).startsWith("TM-103").contains("No Name");
    }

    @Provokes(ErrorCode.DATABASE_UNAVAILABLE)
    @Test
    void aDatabaseThatIsAwayIsSaidInOneLine() {
        Result away = Cli.with(Map.of("TIDEMARK_JDBC_URL", "jdbc:postgresql://localhost:1/nothing?password=secret"))
                .run("groups");
        assertThat(away.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(away.err())
                .startsWith("TM-212")
                .contains("--jdbc-url")
                .hasLineCount(1)
                .doesNotContain("secret");

        Result unsaid = Cli.with(Map.of()).run("groups");
        assertThat(unsaid.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(unsaid.err()).startsWith("TM-103").contains("--jdbc-url", "TIDEMARK_JDBC_URL");
    }

    @Test
    void whatIsTypedWronglyIsExplained() {
        Result unknown = cli.run("describ", "x");
        assertThat(unknown.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(unknown.err()).contains("describe");
        assertThat(cli.run("describe").exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(cli.run("groups", "--output", "xml").err()).contains("json");
        assertThat(cli.run().exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    }

    @Test
    void helpVersionAndCompletion() {
        Result help = cli.run("--help");
        assertThat(help.exitCode()).isZero();
        assertThat(help.out()).contains("groups", "describe", "Exit codes");
        assertThat(cli.run("describe", "--help").out()).contains("--jdbc-url", "GROUP");
        assertThat(cli.run("--version").out()).startsWith("tidemark ");
        assertThat(cli.run("completion").out()).contains("complete -F", "tidemark");
    }
}
