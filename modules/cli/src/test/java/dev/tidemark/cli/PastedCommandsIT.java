package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that messages propose do what they say when they are pasted, in the store that the first command was about. */
@Tag("exhaustive")
class PastedCommandsIT {
    private final TestDatabase database = Servers.postgres().createDatabase();

    /** No server comes from the environment. */
    private final Cli cli = Cli.with(Map.of());

    private String schema = "tidemark";

    private void migrate(String name, String group) {
        schema = name;
        try (var pool = database.owner().pool(2)) {
            TidemarkSchema.migrate(pool, name);
        }
        database.grantAccess(name);
        database.execute("select " + name + ".bind_topic('" + group.replace("'", "''")
                + "', 'flights', 'cluster', 'id', '{5,6}'::bigint[])");
    }

    private String url(DatabaseRole role) {
        return database.as(role).jdbcUrl();
    }

    /** As an operator, with every server named by an option. */
    private Result run(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--jdbc-url", url(DatabaseRole.OPERATOR)));
        if (!schema.equals("tidemark")) {
            all.addAll(List.of("--schema", schema));
        }
        return cli.run(all.toArray(String[]::new));
    }

    /** Has a shell split the command into words, and runs it. */
    private Result paste(String command) {
        assertThat(command).doesNotContain(Canary.PASSWORD.plant());
        try {
            Process shell =
                    new ProcessBuilder("bash", "-c", "tidemark() { printf '%s\\0' \"$@\"; }; " + command).start();
            String words = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return cli.run(Arrays.copyOf(words.split("\0", -1), words.split("\0", -1).length - 1));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Stream<JsonNode> findings(Result doctor) throws IOException {
        List<JsonNode> findings = new ArrayList<>();
        new ObjectMapper().readTree(doctor.out()).forEach(findings::add);
        return findings.stream();
    }

    private static String fix(Result doctor, String check) throws IOException {
        return findings(doctor)
                .filter(finding -> finding.get("check").asText().equals(check) && finding.hasNonNull("fix"))
                .map(finding -> finding.get("fix").asText())
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tidemark|etl",
                "other|etl",
                "other|my group",
                "other|it's $(false) \"x\" `false` * \\",
                "tidemark|-x",
                "other|a\u001b[2Jb\u202e"
            })
    void everyOneFindsItsStoreAndItsGroup(String named) throws IOException {
        String name = named.substring(0, named.indexOf('|'));
        String group = named.substring(named.indexOf('|') + 1);
        migrate(name, group);
        // Another store holds no such group: there, a command would say so.
        Result reset =
                run("reset", "--group=" + group, "--topic", "flights:1", "--to-offset", "3", "--force", "--execute");
        assertThat(reset.exitCode()).as(reset.err()).isZero();
        Matcher undo = Pattern.compile("Done as change \\d+\\. (tidemark .*) moves the offsets back\\.")
                .matcher(reset.err());
        assertThat(undo.find()).as(reset.err()).isTrue();
        assertThat(paste(undo.group(1)).exitCode()).isZero();
        assertThat(database.query("select next_offset from " + name + ".stored_offset order by partition"))
                .containsExactly("5", "6");

        run("pause", "--group=" + group, "--topic", "flights:1", "--execute");
        database.owner()
                .execute("insert into " + name + ".dead_letter (group_id, topic, incarnation, partition, record_offset,"
                        + " timestamp_ms, timestamp_type, header_keys, header_values, holds_key, error_code, attempts, parked_by)"
                        + " select group_id, topic, 1, 0, 4, 0, 'CreateTime', '{}', '{}', false, 'TM-502', 1, 'me' from "
                        + name + ".topic_binding");
        Result doctor = run("doctor", "-o", "json");
        Result list = paste(fix(doctor, "dead letters").replace(", then redrive or drop them", ""));
        assertThat(list.exitCode()).as(list.err()).isZero();
        assertThat(list.out()).contains("TM-502");
        Result resumed = paste(fix(doctor, "paused"));
        assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        assertThat(database.query("select * from " + name + ".consumer_pause")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tidemark", "other"})
    void aMissingStoreIsMadeWhereItWasMissed(String name) throws IOException {
        schema = name;
        Result missing = run("groups");
        assertThat(missing.exitCode()).isEqualTo(ExitCode.FAILED);
        Matcher migrate = Pattern.compile("run (tidemark migrate.*?), or ").matcher(missing.err());
        assertThat(migrate.find()).as(missing.err()).isTrue();
        String ofDoctor = fix(run("doctor", "-o", "json"), "version");
        for (String command : List.of(migrate.group(1), ofDoctor)) {
            assertThat(command).contains("--jdbc-url").doesNotContain(Canary.PASSWORD.plant());
        }
        // Whoever may create a schema.
        String asOwner = migrate.group(1).replace(DatabaseRole.OPERATOR.login(), DatabaseRole.OWNER.login());
        Result made = paste(asOwner);
        assertThat(made.exitCode()).as(made.err()).isZero();
        assertThat(made.out()).contains(name);
        assertThat(database.owner().number("select count(*) from " + name + ".store_info"))
                .isOne();
    }

    /** Only commands that ask Kafka take its options. */
    @Test
    void kafkaIsNamedWhereItIsAsked() throws IOException {
        migrate("tidemark", "etl");
        database.execute("select tidemark.pause('etl')");
        Result doctor =
                run("doctor", "--bootstrap-servers", StoredGroups.NOBODY, "--kafka-config", "/dev/null", "-o", "json");
        assertThat(fix(doctor, "paused")).doesNotContain("--bootstrap-servers", "--kafka-config");
        Result reset = run(
                "reset",
                "etl",
                "--topic",
                "flights:1",
                "--to-offset",
                "3",
                "--force",
                "--execute",
                "--bootstrap-server",
                StoredGroups.NOBODY,
                "--command-config",
                "/dev/null");
        assertThat(reset.err()).contains("--bootstrap-servers 'localhost:1' --kafka-config '/dev/null' etl --undo");
    }

    @Test
    void whatTheEnvironmentNamesIsNotRepeated() {
        Cli there = Cli.with(Map.of("TIDEMARK_JDBC_URL", url(DatabaseRole.OPERATOR)));
        assertThat(there.run("groups").err()).contains("run tidemark migrate, or");
        assertThat(there.run("groups", "--schema", "other").err()).contains("run tidemark migrate --schema other, or");
    }
}
