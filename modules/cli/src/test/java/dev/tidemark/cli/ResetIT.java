package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Provokes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stopped group is moved; both logs go from 0 to 100, or from 20 where they were cut. */
class ResetIT {
    private final ReadGroup group = ReadGroup.make();
    private final Cli cli = group.cli();

    private Result reset(String... args) {
        return reset(cli, args);
    }

    private Result reset(Cli where, String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "reset";
        all[1] = group.name;
        System.arraycopy(args, 0, all, 2, args.length);
        return where.run(all);
    }

    private static void assertFails(Result result, int exitCode, String code, String... words) {
        assertThat(result.err()).startsWith(code).contains(words).hasLineCount(1);
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void aDryRunShowsAndChangesNothing() {
        Result dry = reset("--to-offset", "40", "--all-topics", "--reason", "why");
        assertThat(dry.err()).contains("--execute does it", "--with-sql");
        assertThat(dry.exitCode()).isZero();
        assertThat(dry.out().lines().toList().get(0)).matches("TOPIC +PARTITION +STORED-OFFSET +NEW-OFFSET +LAG");
        assertThat(dry.out().lines().toList().get(1)).matches(group.name + " +0 +100 +40 +60");
        assertThat(dry.out().lines().toList().get(2)).matches(group.name + " +1 +100 +40 +60");
        assertThat(group.stored()).containsExactly(100L, 100L);
        assertThat(group.database.number("select count(*) from tidemark.audit_log"))
                .isZero();

        assertThat(reset("--to-earliest", "--topic", group.name + ":1", "-o", "csv")
                        .out())
                .isEqualToNormalizingNewlines(
                        "topic,partition,stored_offset,new_offset,lag\r\n" + group.name + ",1,100,0,100\r\n");
    }

    @Test
    void whatWasDoneIsAuditedAndUndone() throws IOException {
        Result done = reset("--shift-by", "-30", "--all-topics", "--execute", "--reason", "read again", "-o", "json");
        assertThat(done.exitCode()).isZero();
        assertThat(group.stored()).containsExactly(70L, 70L);
        JsonNode rows = new ObjectMapper().readTree(done.out());
        String change = rows.get(0).get("change_id").asText();
        assertThat(rows.get(1).get("change_id").asText()).isEqualTo(change);
        assertThat(rows.get(1).get("stored_offset").asLong()).isEqualTo(100);
        assertThat(rows.get(1).get("new_offset").asLong()).isEqualTo(70);
        assertThat(rows.get(1).get("lag").asLong()).isEqualTo(30);
        assertThat(done.err()).contains("--undo " + change);
        assertThat(group.database.query("select action, partition, from_offset, to_offset, reason, by_client, change_id"
                        + " from tidemark.audit_log order by partition"))
                .containsExactly(
                        "reset|0|100|70|read again|tidemark-cli|" + change,
                        "reset|1|100|70|read again|tidemark-cli|" + change);

        Cli alone = Cli.on(group.database);
        Result dry = reset(alone, "--undo", change);
        assertThat(dry.out().lines().toList().get(2)).matches(group.name + " +1 +70 +100");
        assertThat(group.stored()).containsExactly(70L, 70L);
        assertFails(reset(alone, "--undo", "4711"), ExitCode.WRONG_INPUT, "TM-601", "4711", "[" + change + "]");
        assertFails(reset(alone, "--undo", change, "--to-latest"), ExitCode.WRONG_INPUT, "TM-103", "--undo");
        assertFails(
                alone.run("reset", "another", "--undo", change, "--execute"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "another");

        Result undone = reset(alone, "--undo", change, "--execute", "--reason", "a mistake");
        assertThat(undone.exitCode()).isZero();
        assertThat(undone.err()).contains("change " + change + " is undone");
        assertThat(group.stored()).containsExactly(100L, 100L);
        assertThat(group.database.number("select count(*) from tidemark.audit_log where action = 'undo'"
                        + " and reason = 'a mistake' and details ->> 'undoes' = '" + change + "'"))
                .isEqualTo(2);
        assertFails(reset(alone, "--undo", change, "--execute"), ExitCode.FAILED, "TM-603", "already undone");
    }

    @Test
    void offsetsOutsideOfTheLogNeedForce(@TempDir Path directory) throws IOException {
        group.kafka.expire(group.zero, 20);
        assertFails(
                reset("--to-offset", "101", "--all-topics", "--execute"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "partition 0: offset 101 is outside the log, which goes from 20 to 100",
                "--force");
        assertFails(
                reset("--to-offset", "19", "--all-topics", "--execute"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "offset 19",
                "from 20 to 100");
        assertThat(group.stored()).containsExactly(100L, 100L);

        Result clamped = reset("--shift-by", "-90", "--all-topics", "--execute");
        assertThat(clamped.err()).contains("partition 0: 10 is below the log, so it is set to its start, 20");
        assertThat(group.stored()).containsExactly(20L, 10L);

        Path file = directory.resolve("offsets.csv");
        Files.writeString(file, group.name + ",0,5\n");
        assertFails(
                reset("--from-file", file.toString(), "--execute"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "offset 5 is outside");
        assertFails(
                reset("--from-file", file.toString(), "--all-topics"), ExitCode.WRONG_INPUT, "TM-103", "--all-topics");
        assertThat(reset("--from-file", file.toString(), "--execute", "--force").exitCode())
                .isZero();
        assertThat(group.stored()).containsExactly(5L, 10L);
    }

    @Test
    void theOthersLeadWhereTheySay() {
        group.store(50, 60);
        assertThat(reset("--to-latest", "--topic", group.name + ":0", "--execute")
                        .exitCode())
                .isZero();
        assertThat(group.stored()).containsExactly(100L, 60L);
        assertThat(reset("--to-datetime", "2001-06-30T09:00:00.000+02:00", "--topic", group.name, "--execute")
                        .exitCode())
                .isZero();
        assertThat(group.stored()).as("all are younger").containsExactly(0L, 0L);
        assertThat(reset("--to-datetime", "2101-06-30T09:00:00.000", "--topic", group.name, "--execute")
                        .exitCode())
                .isZero();
        assertThat(group.stored()).as("none is that young").containsExactly(100L, 100L);
        assertThat(reset("--by-duration", "PT10M", "--all-topics", "--execute").exitCode())
                .isZero();
        assertThat(group.stored()).as("sent since").containsExactly(0L, 0L);
    }

    @Test
    void whatNeedsNoKafkaDoesWithoutIt() {
        for (Cli without : List.of(Cli.on(group.database), Cli.on(group.database, "localhost:1"))) {
            group.store(50, 60);
            assertThat(reset(without, "--to-current", "--all-topics", "--execute")
                            .exitCode())
                    .isZero();
            assertThat(group.stored()).containsExactly(50L, 60L);
            assertThat(reset(without, "--shift-by", "7", "--all-topics", "--execute", "--force")
                            .exitCode())
                    .isZero();
            assertThat(group.stored()).containsExactly(57L, 67L);
            Result beyond = reset(without, "--to-offset", "4000", "--all-topics", "--execute", "--force");
            assertThat(beyond.exitCode()).isZero();
            assertThat(beyond.out().lines().toList().get(1)).matches(group.name + " +0 +57 +4000 +0 +\\d+");
            assertThat(group.stored()).containsExactly(4000L, 4000L);
            assertFails(
                    reset(without, "--shift-by", "-4001", "--all-topics", "--execute", "--force"),
                    ExitCode.WRONG_INPUT,
                    "TM-601",
                    "negative");
        }
    }

    @Tag("exhaustive")
    @Test
    void serversThatAreAwayAreSaid() {
        Cli noKafka = Cli.on(group.database, "localhost:1");
        assertFails(
                reset(noKafka, "--to-latest", "--all-topics"),
                ExitCode.UNREACHABLE,
                "TM-310",
                "Kafka",
                "--bootstrap-servers");
        assertFails(
                reset(Cli.on(group.database), "--to-latest", "--all-topics"),
                ExitCode.WRONG_INPUT,
                "TM-103",
                "--bootstrap-servers");
        assertFails(
                reset(Cli.on(group.database), "--to-offset", "1", "--all-topics"),
                ExitCode.WRONG_INPUT,
                "TM-103",
                "--force");
        Cli noDatabase = Cli.with(Map.of("TIDEMARK_JDBC_URL", "jdbc:postgresql://localhost:1/nothing"));
        assertFails(
                reset(noDatabase, "--to-current", "--all-topics"),
                ExitCode.UNREACHABLE,
                "TM-212",
                "database",
                "--jdbc-url");
    }

    @Provokes(ErrorCode.CHANGE_REFUSED)
    @Test
    void anOperatorNeedsNoOtherRights(@TempDir Path directory) throws IOException {
        String role = "operator_" + group.database.name();
        group.database
                .superuser()
                .execute(
                        "create role " + role + " login password '" + Canary.PASSWORD.plant() + "'",
                        "select tidemark.grant_access('" + role + "', 'operator')");
        Cli operator = Cli.as(group.database.as(role));
        String[] back = {"--shift-by", "-1", "--all-topics", "--execute", "--force"};
        assertThat(reset(operator, back).exitCode()).isZero();
        assertThat(group.stored()).containsExactly(99L, 99L);
        assertThat(reset(operator, "--undo", "1", "--execute").exitCode()).isZero();
        assertThat(group.stored()).containsExactly(100L, 100L);
        assertThat(group.database.query("select distinct by_role from tidemark.audit_log"))
                .containsExactly(role);
        Path sql = Files.writeString(directory.resolve("clean.sql"), "delete from applied");
        assertFails(
                reset(operator, "--to-current", "--all-topics", "--with-sql", sql.toString(), "--execute"),
                ExitCode.FAILED,
                "TM-603",
                "42501");
    }

    @Test
    void wrongInputIsExplained() {
        assertFails(reset("--all-topics"), ExitCode.WRONG_INPUT, "TM-103", "exactly one of --to-earliest");
        assertFails(
                reset("--to-latest", "--to-current", "--all-topics"), ExitCode.WRONG_INPUT, "TM-103", "exactly one");
        assertFails(reset("--to-latest"), ExitCode.WRONG_INPUT, "TM-103", "--topic", "--all-topics");
        assertFails(reset("--to-latest", "--topic", "nothing"), ExitCode.WRONG_INPUT, "TM-601", "nothing", group.name);
        assertFails(reset("--to-latest", "--topic", group.name + ":2"), ExitCode.WRONG_INPUT, "TM-601", "partition 2");
        assertFails(
                cli.run("reset", "nobody", "--to-latest", "--all-topics"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "nobody",
                group.name);
        assertFails(reset("--from-file", "/no/such/file"), ExitCode.WRONG_INPUT, "TM-103", "/no/such/file");
    }

    @Test
    void theCallersSqlIsDoneInTheSameTransactionOrNothingIs(@TempDir Path directory) throws IOException {
        Path sql = directory.resolve("clean.sql");
        Files.writeString(sql, """
                -- a semicolon; in a comment and 'one; in a text'
                delete from applied a using tidemark.stored_offset o
                 where a.topic = o.topic and a.partition = o.partition and a.record_offset >= o.next_offset;
                truncate airport;
                """);
        Result dry = reset("--to-offset", "40", "--all-topics", "--with-sql", sql.toString());
        assertThat(dry.err()).contains("clean.sql").doesNotContain("will be applied again");
        assertThat(group.database.number("select count(*) from applied")).isEqualTo(200);
        assertThat(reset("--to-offset", "40", "--all-topics", "--with-sql", sql.toString(), "--execute")
                        .exitCode())
                .isZero();
        assertThat(group.database.number("select count(*) from applied")).isEqualTo(80);

        Files.writeString(sql, "delete from applied; delete from nothing");
        assertFails(
                reset("--to-offset", "10", "--all-topics", "--with-sql", sql.toString(), "--execute"),
                ExitCode.FAILED,
                "TM-603",
                "42P01",
                "clean.sql");
        Files.writeString(sql, "delete from applied; commit; select 1");
        assertFails(
                reset("--to-offset", "10", "--all-topics", "--with-sql", sql.toString(), "--execute"),
                ExitCode.WRONG_INPUT,
                "TM-103",
                "ends the transaction");
        assertThat(group.database.number("select count(*) from applied")).isEqualTo(80);
        assertThat(group.stored()).containsExactly(40L, 40L);
    }
}
