package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Canary;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Parked records that are listed, shown and given up; as processes on a real database, while Kafka is down. */
class DeadLettersIT {
    private final StoredGroups store =
            new StoredGroups().with("etl", "flights", 1).with("etl", "airports", 1);
    private final Cli cli = store.cli();
    private final long first = store.park("etl", "flights", 3, "TM-502");
    private final long second = store.park("etl", "flights", 5, "TM-503");
    private final long third = store.park("etl", "airports", 7, "TM-502");

    private static JsonNode json(Result result) throws IOException {
        return new ObjectMapper().readTree(result.out());
    }

    private long count() {
        return store.database().number("select count(*) from tidemark.dead_letter");
    }

    @Test
    void aListTellsWhereRecordsCameFromAndNotWhatTheyHold() throws IOException {
        Result table = cli.run("dead-letters", "list", "etl");
        assertThat(table.exitCode()).isZero();
        assertThat(table.err()).isEmpty();
        assertThat(table.out().lines()).hasSize(4);
        assertThat(table.out())
                .startsWith("ID")
                .contains("RECORD-OFFSET", "ERROR-CODE", "java.lang.IllegalStateException")
                .doesNotContain(Canary.KEY.plant(), Canary.VALUE.plant(), "it broke");
        assertThat(json(cli.run("dead-letters", "list", "etl", "--topic", "flights", "-o", "json"))
                        .findValuesAsText("record_offset"))
                .containsExactly("3", "5");
        assertThat(json(cli.run("dead-letters", "list", "etl", "--error-code", "TM-502", "-o", "json"))
                        .findValuesAsText("topic"))
                .containsExactly("flights", "airports");

        Result page = cli.run("dead-letters", "list", "etl", "--limit", "2", "-o", "csv");
        assertThat(page.out().lines()).hasSize(3);
        assertThat(page.err()).contains("--after " + second);
        Result next = cli.run("dead-letters", "list", "etl", "--after", Long.toString(second), "-o", "csv");
        assertThat(next.out().lines().toList().get(1)).startsWith(third + ",airports,0,7,2025-11-24T16:00:00Z,TM-502");
        assertThat(next.err()).isEmpty();
    }

    @Test
    void oneIsShownWithEverythingInIt() throws IOException {
        Result words = cli.run("dead-letters", "show", "etl", Long.toString(first));
        assertThat(words.exitCode()).isZero();
        assertThat(words.out())
                .contains("topic:", "flights", "header trace:", "one", "(base64) /wA=", "key:", "value:")
                .contains("error_code:", "TM-502", "it broke", "\tat Handler.handle(Handler.java:7)")
                .contains(Canary.KEY.plant(), Canary.VALUE.plant());

        JsonNode json = json(cli.run("dead-letters", "show", "etl", Long.toString(first), "-o", "json"))
                .get(0);
        assertThat(json.get("record_offset").asLong()).isEqualTo(3);
        assertThat(json.get("timestamp").asText()).isEqualTo("2025-11-24T16:00:00Z");
        assertThat(json.get("key").asText()).isEqualTo(Canary.KEY.plant());
        assertThat(json.get("key_encoding").asText()).isEqualTo("text");
        assertThat(json.get("headers").findValuesAsText("value")).containsExactly("one", "/wA=");
        assertThat(json.get("headers").findValuesAsText("encoding")).containsExactly("text", "base64");
        assertThat(json.get("error_stack").asText()).contains("\n\tat Handler");

        assertThat(cli.run("dead-letters", "show", "etl", Long.toString(first), "--hex")
                        .out())
                .contains("(hex) ff00")
                .doesNotContain(Canary.VALUE.plant());
        Result csv = cli.run("dead-letters", "show", "etl", Long.toString(first), "-o", "csv");
        assertThat(csv.out()).startsWith("id,topic,partition,record_offset,").contains("Handler.java:7");
    }

    @Tag("exhaustive")
    @Test
    void rawBytesAreWrittenAsTheyAre() {
        store.database()
                .owner()
                .execute("update tidemark.dead_letter set value = '\\x00410a', key = null where id = " + first);
        // Bytes go to standard output itself, which in this JVM is not this test's.
        Result value = cli.runProcess("dead-letters", "show", "etl", Long.toString(first), "--raw-value");
        assertThat(value.exitCode()).isZero();
        assertThat(value.out()).isEqualTo("\u0000A\n");
        Result key = cli.run("dead-letters", "show", "etl", Long.toString(first), "--raw-key");
        assertThat(key.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(key.err()).startsWith("TM-601").contains("has no key");
        assertThat(cli.runProcess("dead-letters", "show", "etl", Long.toString(second), "--raw-key")
                        .out())
                .isEqualTo(Canary.KEY.plant());
        assertThat(cli.run("dead-letters", "show", "etl", "1", "--raw-key", "--hex")
                        .exitCode())
                .isEqualTo(ExitCode.WRONG_INPUT);
    }

    @Test
    void droppingIsADryRunUntilItIsMeant() throws IOException {
        Result dry = cli.run("dead-letters", "drop", "etl", Long.toString(first), Long.toString(third), "-o", "json");
        assertThat(dry.exitCode()).isZero();
        assertThat(dry.err()).contains("Nothing was changed");
        assertThat(json(dry).findValuesAsText("result")).containsExactly("would be dropped", "would be dropped");
        assertThat(count()).isEqualTo(3);

        Result done = cli.run(
                "dead-letters",
                "drop",
                "etl",
                Long.toString(first),
                Long.toString(third),
                "--execute",
                "--reason",
                "test data");
        assertThat(done.exitCode()).isZero();
        assertThat(done.out()).contains("dropped").doesNotContain("would");
        assertThat(store.database().query("select id from tidemark.dead_letter"))
                .containsExactly(Long.toString(second));
        assertThat(store.database()
                        .query("select topic, from_offset, to_offset, reason from tidemark.audit_log"
                                + " where action = 'drop' order by id"))
                .containsExactly("flights|3|4|test data", "airports|7|8|test data");
        assertThat(store.database()
                        .number("select count(distinct change_id) from tidemark.audit_log where action = 'drop'"))
                .isEqualTo(1);

        assertThat(cli.run("dead-letters", "drop", "etl", "--all", "--execute").exitCode())
                .isZero();
        assertThat(count()).isZero();
    }

    @Test
    void allCanBeNarrowedDown() {
        assertThat(cli.run(
                                "dead-letters",
                                "drop",
                                "etl",
                                "--all",
                                "--topic",
                                "flights",
                                "--error-code",
                                "TM-503",
                                "--execute")
                        .exitCode())
                .isZero();
        assertThat(store.database().query("select id from tidemark.dead_letter order by id"))
                .containsExactly(Long.toString(first), Long.toString(third));
    }

    @Test
    void oneThatIsBeingRedrivenIsKept() throws SQLException {
        try (Connection redriving = store.database().connect();
                Statement lock = redriving.createStatement()) {
            redriving.setAutoCommit(false);
            lock.execute("select from tidemark.dead_letter where id = " + second + " for update");
            Result result = cli.run("dead-letters", "drop", "etl", "--all", "--execute");
            assertThat(result.exitCode()).isZero();
            assertThat(result.out()).contains("kept: it is being redriven");
            redriving.rollback();
        }
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void whatIsNotThereIsNamed() {
        assertThat(cli.run("dead-letters", "list", "nobody").err()).startsWith("TM-601: no group nobody");
        Result missing = cli.run("dead-letters", "drop", "etl", Long.toString(first), "99999", "--execute");
        assertThat(missing.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(missing.err()).contains("no dead letter 99999", "it has " + first + ", " + second + ", " + third);
        assertThat(count()).isEqualTo(3);
        assertThat(cli.run("dead-letters", "show", "etl", "99999").err())
                .startsWith("TM-601")
                .contains("it has");
        Result filtered =
                cli.run("dead-letters", "drop", "etl", "--all", "--topic", "trains", "--error-code", "tm-502");
        assertThat(filtered.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(filtered.err())
                .isEqualToIgnoringNewLines(
                        "TM-601: group etl has no dead letter for --topic trains and --error-code TM-502");
        Result empty = cli.run("dead-letters", "list", "etl", "--topic", "trains", "-o", "csv");
        assertThat(empty.exitCode()).isZero();
        assertThat(empty.out()).hasLineCount(1);
        assertThat(empty.err()).isEqualToIgnoringNewLines("group etl has no dead letter for --topic trains");
        assertThat(cli.run("dead-letters", "list", "etl", "--error-code", "502").err())
                .startsWith("TM-103")
                .contains("'502' is not an error code: write it like TM-502");
        assertThat(cli.run("dead-letters", "list", "etl", "--topic", " flights ", "-o", "csv")
                        .out())
                .isEqualTo(cli.run("dead-letters", "list", "etl", "--topic", "flights", "-o", "csv")
                        .out());
        assertThat(cli.run("dead-letters", "list", "etl", "--error-code", "tm-502")
                        .out())
                .isEqualTo(cli.run("dead-letters", "list", "etl", "--error-code", "TM-502")
                        .out());
        for (String[] unclear : new String[][] {
            {"dead-letters", "drop", "etl"},
            {"dead-letters", "drop", "etl", Long.toString(first), "--all"},
            {"dead-letters", "drop", "etl", Long.toString(first), "--topic", "flights"}
        }) {
            Result result = cli.run(unclear);
            assertThat(result.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err()).startsWith("TM-103").contains("--all");
        }
        Result none = cli.run("dead-letters");
        assertThat(none.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(none.err()).contains("list", "show", "drop");
    }
}
