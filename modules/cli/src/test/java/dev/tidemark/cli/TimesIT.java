package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.postgres.DatabaseRole;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Times and durations on the command line: before 1970 is the earliest, out of range is TM-103. */
@Tag("exhaustive")
class TimesIT {
    /** What a command left behind, in this process. */
    private record Result(int exitCode, String out, String err) {}

    private static Result call(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = TidemarkCli.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Result(code, out.toString(), err.toString());
    }

    private static Result on(ReadGroup group, String... args) {
        DatabaseRole role = args[0].equals("run") ? DatabaseRole.WRITER : DatabaseRole.OPERATOR;
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--jdbc-url", group.database.as(role).jdbcUrl()));
        if (!args[0].equals("audit")) {
            all.addAll(List.of("--bootstrap-servers", group.kafka.bootstrapServers()));
        }
        return call(all.toArray(String[]::new));
    }

    private static void assertDone(Result result) {
        assertThat(result.exitCode()).as(result.err()).isZero();
    }

    /** Right where Kafka would read -1 as the end, and a moment and an age before it. */
    @Test
    void beforeNineteenSeventyIsTheEarliest() {
        ReadGroup group = ReadGroup.make();
        group.database.owner().execute("truncate applied, airport");
        int groups = 0;
        for (String start : List.of("1969-12-31T23:59:59.999Z", "0000-01-01T00:00Z", "999999999d")) {
            String name = group.name + "-" + ++groups;
            String job = SqlJobs.file("flights.sql").toString();
            assertDone(on(
                    group,
                    "run",
                    job,
                    "--topic",
                    group.name,
                    "--until-end",
                    "--quiet",
                    "--group",
                    name,
                    "--start",
                    start));
            assertThat(group.database.query("select partition, next_offset from tidemark.stored_offset"
                            + " where group_id = '" + name + "' order by 1"))
                    .containsExactly("0|100", "1|100");
            assertThat(group.database.number("select count(*) from applied"))
                    .as("records that took effect, by " + start)
                    .isEqualTo(200L * groups);
        }
        Map<String, List<String>> resets = Map.of(
                "--to-datetime",
                List.of("1969-12-31T23:59:59.999", "1969-12-31T23:59:59.998Z", "0000-01-01T00:00:00Z"),
                "--by-duration",
                List.of("P30000D", "PT2562047788015H"));
        resets.forEach((option, times) -> times.forEach(time -> {
            group.store(50, 50);
            assertDone(on(group, "reset", group.name, "--all-topics", "--execute", option, time));
            assertThat(group.stored()).as(option + " " + time).containsExactly(0L, 0L);
        }));
        for (String since :
                List.of("1969-12-31T23:59:59.999Z", "-000001-01-01T00:00Z", "PT2562047788015H", "999999999d")) {
            Result audit = on(group, "audit", group.name, "--since=" + since, "-o", "csv");
            assertDone(audit);
            assertThat(audit.out().lines().count()).as(since).isGreaterThan(10);
        }
        Result never = on(group, "audit", group.name, "--since=+999999999-01-01T00:00Z", "-o", "csv");
        assertDone(never);
        assertThat(never.out().lines()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "--to-datetime, +999999999-01-01T00:00:00Z",
        "--to-datetime, -999999999-01-01T00:00:00Z",
        "--by-duration, P106751991167301D",
        "--by-duration, PT9223372036854775807S",
        "--by-duration, -P1D",
        "--to-offset, 9223372036854775808",
        "--to-offset, -5",
        "--shift-by, -9223372036854775809"
    })
    void aResetOutOfRangeIsRefused(String option, String given) {
        Result result = call("reset", "nobody", "--all-topics", "--execute", option + "=" + given);
        assertThat(result.err()).contains(option);
        assertThat(result.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(result.err())
                .startsWith("TM-103")
                .contains("'" + given + "'", " to ")
                .hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "+999999999-12-31T23:59:59Z",
                "-999999999-01-01T00:00Z",
                "P106751991167301D",
                "P1Y",
                "-7d",
                "soon"
            })
    void aRunThatBeginsNowhereIsRefused(String start) {
        Result result = call("run", "job.sql", "--topic", "t", "--group", "nobody", "--start=" + start);
        assertThat(result.err()).contains("TM-103", "--start");
        assertThat(result.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    }

    /** Producers have sent nanoseconds, where Kafka means milliseconds. */
    @Test
    void deadLettersOfAnyTimeAreListedAndDropped() {
        StoredGroups store = new StoredGroups().with("etl", "flights", 1);
        long nanoseconds = store.park("etl", "flights", 1, "TM-502");
        long most = store.park("etl", "flights", 2, "TM-502");
        long none = store.park("etl", "flights", 3, "TM-502");
        store.park("etl", "flights", 4, "TM-502");
        store.database()
                .owner()
                .execute(
                        "update tidemark.dead_letter set timestamp_ms = 1795762463000000000 where id = " + nanoseconds,
                        "update tidemark.dead_letter set timestamp_ms = 9223372036854775807 where id = " + most,
                        "update tidemark.dead_letter set timestamp_ms = -1 where id = " + none);
        String url = store.database().as(DatabaseRole.OPERATOR).jdbcUrl();
        Result list = call("dead-letters", "list", "etl", "-o", "csv", "--jdbc-url", url);
        assertDone(list);
        assertThat(list.out().lines()).hasSize(5);
        assertThat(list.out()).contains("2025-11-24T16:00:00Z");
        assertDone(call("dead-letters", "show", "etl", Long.toString(most), "--jdbc-url", url));
        String job = SqlJobs.file("flights.sql").toString();
        assertDone(call(
                "dead-letters",
                "redrive",
                job,
                "etl",
                "--all",
                "--jdbc-url",
                store.database().jdbcUrl()));
        assertDone(call("dead-letters", "drop", "etl", "--all", "--execute", "--jdbc-url", url));
        assertThat(store.database().number("select count(*) from tidemark.dead_letter"))
                .isZero();
    }

    // A group without members has no metadata to hand on, and no other way to name it.
    @SuppressWarnings("removal")
    @Test
    void offsetsThatAreBeingCommittedAreNotTakenOver() throws Exception {
        ReadGroup group = ReadGroup.make();
        group.kafka
                .admin()
                .alterConsumerGroupOffsets(
                        group.name, Map.of(group.zero, new OffsetAndMetadata(2), group.one, new OffsetAndMetadata(3)))
                .all()
                .get();
        try (var producer = group.kafka.transactionalProducer(group.name)) {
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(
                    Map.of(group.zero, new OffsetAndMetadata(30)), new ConsumerGroupMetadata(group.name));
            Result result = on(group, "import-from-kafka", group.name, "--execute");
            assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.UNREACHABLE);
            assertThat(group.stored()).containsExactly(100L, 100L);
            producer.commitTransaction();
        }
        assertDone(on(group, "import-from-kafka", group.name, "--execute"));
        assertThat(group.stored()).containsExactly(30L, 3L);
    }
}
