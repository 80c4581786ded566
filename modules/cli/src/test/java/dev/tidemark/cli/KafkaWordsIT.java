package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The words of Kafka's own tools do what people expect of them. */
@Tag("exhaustive")
class KafkaWordsIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("words"), 2);
    private final Cli cli = Cli.on(database);

    @BeforeEach
    void twoGroups() {
        for (String group : List.of("etl", "billing")) {
            database.execute("select tidemark.bind_topic('" + group + "', '" + topic + "', '"
                    + KafkaServer.get(kafka.admin().describeCluster().clusterId()) + "', '" + kafka.topicId(topic)
                    + "', '{0,0}')");
        }
        database.owner()
                .execute(
                        "update tidemark.stored_offset set owner_token = gen_random_uuid(), owner_name = 'host/1', owner_epoch = 1 where group_id = 'etl' and partition = 1");
    }

    private Result done(String... args) {
        Result result = cli.run(args);
        assertThat(result.exitCode())
                .as(String.join(" ", args) + ": " + result.err())
                .isZero();
        return result;
    }

    @Test
    void listIsGroups() {
        assertThat(done("list").out()).isEqualTo(done("groups").out()).contains("etl", "billing");
    }

    @Test
    void allGroupsAndMembersAreDescribed() {
        assertThat(done("describe", "--all-groups", "-o", "csv").out().lines().map(row -> row.replaceAll(",.*", "")))
                .containsExactly("group_id", "billing", "billing", "etl", "etl");
        assertThat(done("describe", "--group", "etl", "--members", "-o", "csv")
                        .out()
                        .lines())
                .containsExactly("owner,partitions,assignment", "host/1,1," + topic + "-1", ",1," + topic + "-0");
        assertThat(done("describe", "--all-groups", "--members", "-o", "csv")
                        .out()
                        .lines())
                .hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "describe",
                "export",
                "audit",
                "pause --dry-run",
                "delete --dry-run",
                "dead-letters list",
                "doctor"
            })
    void aGroupIsAnArgumentOrAnOption(String command) {
        String[] named = (command + " etl -o csv").split(" ");
        String[] byOption = (command + " --group etl -o csv").split(" ");
        Result asArgument = cli.run(command.equals("export") ? new String[] {"export", "etl"} : named);
        Result asOption = cli.run(command.equals("export") ? new String[] {"export", "--group", "etl"} : byOption);
        assertThat(asOption.exitCode())
                .as(asOption.err())
                .isEqualTo(asArgument.exitCode())
                .isNotEqualTo(2);
        assertThat(checks(asOption)).isEqualTo(checks(asArgument));
        Result both = cli.run((command + " etl --group billing").split(" "));
        assertThat(both.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(both.err()).startsWith("TM-103").contains("twice").hasLineCount(1);
    }

    /** The rows, without the number of open connections, which doctor counts at that moment. */
    private static List<String> checks(Result result) {
        return result.out()
                .lines()
                .map(row -> row.replaceFirst("^(connections,limit,\\w+),.*", "$1"))
                .toList();
    }

    @Test
    void theClusterAndItsSettings() throws IOException {
        Path file = Files.writeString(Servers.directory("words").resolve("client.properties"), "client.id=words\n");
        Result dry = done(
                "reset",
                "--group",
                "etl",
                "--to-latest",
                "--all-topics",
                "--dry-run",
                "--bootstrap-server",
                kafka.bootstrapServers(),
                "--command-config",
                file.toString());
        assertThat(dry.err()).contains("Nothing was changed");
        Result both = cli.run("reset", "etl", "--to-current", "--all-topics", "--dry-run", "--execute");
        assertThat(both.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(both.err()).startsWith("TM-103").contains("--dry-run").hasLineCount(1);
    }

    @Test
    void idsFollowAGroupThatIsAnOption() {
        for (String command : List.of("show", "drop")) {
            Result result = cli.run("dead-letters", command, "--group", "etl", "7");
            assertThat(result.err())
                    .as(command)
                    .startsWith("TM-601")
                    .doesNotContain("twice")
                    .hasLineCount(1);
        }
        Result noId = cli.run("dead-letters", "drop", "--group", "etl", "seven");
        assertThat(noId.err()).startsWith("TM-103").contains("'seven'").hasLineCount(1);
    }

    @Test
    void noGroupIsSaid() {
        for (String command : List.of("describe", "export", "pause", "delete", "dead-letters list")) {
            Result result = cli.run(command.split(" "));
            assertThat(result.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err())
                    .startsWith("TM-103")
                    .contains("--group GROUP")
                    .hasLineCount(1);
        }
    }
}
