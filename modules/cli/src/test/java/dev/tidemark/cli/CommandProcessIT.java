package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A command as people call it prints, and ends with, what it does in this JVM, where the other tests run it. */
@Order(1) // its tests take longest
class CommandProcessIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    private static void assertTheSame(int exitCode, Cli cli, String... args) {
        Result process = cli.runProcess(args);
        assertThat(process.exitCode()).as(process.err()).isEqualTo(exitCode);
        assertThat(process).isEqualTo(cli.run(args));
    }

    /** The JVM replaces what it cannot read, and then one group's name is as good as another's. */
    @Test
    void aLocaleThatCannotExpressTheGroup() {
        Map<String, String> ascii = Map.of("LC_ALL", "C", "TIDEMARK_JDBC_URL", database.jdbcUrl());
        Result refused = Cli.with(ascii).runProcess("describe", "d\u00e9p\u00f4t");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(refused.err())
                .startsWith("TM-103: the arguments cannot be read")
                .contains("C.UTF-8");
        assertThat(refused.err().lines()).hasSize(1);
        Map<String, String> variable = new HashMap<>(ascii);
        variable.put("TIDEMARK_GROUP", "d\u00e9p\u00f4t");
        assertThat(Cli.with(variable).runProcess("describe", "nobody").err())
                .startsWith("TM-103: the value of TIDEMARK_GROUP cannot be read");
        assertThat(Cli.with(ascii).runProcess("describe", "nobody").err()).doesNotContain("locale");
    }

    /** As after head: what is not read any more is no error. There is more than a pipe holds, so that its end cannot be missed. */
    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(
            strings = {"groups", "groups -o json", "dead-letters show etl ID", "dead-letters show etl ID --raw-value"})
    void aReaderThatLeaves(String command) throws IOException {
        StoredGroups store = new StoredGroups().with("etl", "flights", 1);
        store.database()
                .execute("select tidemark.bind_topic(n || repeat('g', 200), 'flights', 'cluster', 'id', '{0}')"
                        + " from generate_series(1, 700) n");
        long id = store.park("etl", "flights", 4, "TM-502");
        store.database()
                .owner()
                .execute("update tidemark.dead_letter set value = convert_to(repeat('x', 200000), 'UTF8')");
        try (Cli.Running running = Cli.on(store.database())
                .start(command.replace("ID", Long.toString(id)).split(" "))) {
            running.process().getInputStream().close();
            assertThat(running.await(180)).isEqualTo(ExitCode.ABANDONED);
            assertThat(running.err()).isEmpty();
        }
    }

    /** Its client logs an error with a stack of 30 lines, and another in front of what ends the run. */
    @Tag("exhaustive")
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "security.protocol=SSL;ssl.truststore.location=/nowhere.jks;ssl.truststore.password=hunter2 | TM-103",
                "session.timeout.ms=3600000;max.poll.interval.ms=3600001 | TM-308"
            })
    void whatKafkasClientLogsIsNoPartOfTheError(String settings, String code, @TempDir Path directory)
            throws IOException {
        Path file = Files.write(directory.resolve("client.properties"), List.of(settings.split(";")));
        String topic = Servers.kafka().createTopic(Servers.unique("logged"), 1);
        List<String> options = List.of(
                "--kafka-config",
                file.toString(),
                "--bootstrap-servers",
                Servers.kafka().bootstrapServers(),
                "--topic",
                topic);
        List<String> run =
                new ArrayList<>(List.of("run", SqlJobs.file("flights.sql").toString()));
        run.addAll(List.of("--group", topic, "--until-end", "--quiet", "--wait-at-most", "1m"));
        run.addAll(options);
        Result result = Cli.with(Map.of("TIDEMARK_JDBC_URL", database.writer().jdbcUrl()))
                .runProcess(run.toArray(String[]::new));
        assertThat(result.err()).doesNotContain("hunter2", "\tat ", "ERROR");
        assertThat(result.err().lines().filter(line -> !line.contains(" WARN ")))
                .as(result.err())
                .singleElement()
                .asString()
                .startsWith(code);
    }

    @Tag("exhaustive")
    @Test
    void eachExitCode() {
        database.execute(
                "select tidemark.bind_topic('d\u00e9p\u00f4t', 'flights', 'cluster', 'id', array[0, 0]::bigint[])");
        Cli cli = Cli.on(database);
        assertTheSame(ExitCode.DONE, cli, "describe", "d\u00e9p\u00f4t");
        assertTheSame(ExitCode.WRONG_INPUT, cli, "describe", "nobody");
        assertTheSame(ExitCode.WRONG_INPUT, cli, "nonsense");
        assertTheSame(ExitCode.WRONG_INPUT, Cli.with(Map.of()), "groups");
        assertTheSame(
                ExitCode.UNREACHABLE,
                Cli.with(Map.of("TIDEMARK_JDBC_URL", "jdbc:postgresql://localhost:1/nothing")),
                "groups");
        // The driver logs a warning of its own.
        assertTheSame(
                ExitCode.WRONG_INPUT,
                Cli.with(Map.of("TIDEMARK_JDBC_URL", "jdbc:postgresql://localhost:99999/nothing")),
                "groups");
        // What it finds, such as how many connections the server has, changes while other tests run.
        Result doctor = Cli.on(Servers.postgres().createDatabase()).runProcess("doctor");
        assertThat(doctor.exitCode()).isEqualTo(ExitCode.FINDINGS);
    }
}
