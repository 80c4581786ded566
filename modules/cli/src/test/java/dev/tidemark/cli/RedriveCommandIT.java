package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dead letters of a SQL job that are applied by a fixed one. */
class RedriveCommandIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("redrive-sql"), 1);

    /** Knows no Kafka: what needs the database only works without. */
    private final Cli cli = Cli.on(database);

    @TempDir
    private Path directory;

    private Path mended;

    /** Three records of a key are parked: the delay of the first is in words. */
    @BeforeEach
    void park() throws Exception {
        SqlJobs.createAirportDelay(database);
        mended = Files.writeString(
                directory.resolve("mended.sql"),
                Files.readString(SqlJobs.file("airport_delay.sql"))
                        .replace("(value->>'delay')::int", "(replace(value->>'delay', 'five', '5'))::int"));
        try (var producer = kafka.producer()) {
            for (String delay : List.of("1", "\"five\"", "7", "\"never\"")) {
                producer.send(new ProducerRecord<>(
                                topic, 0, "k" + delay.length(), "{\"origin\":\"ABC\",\"delay\":" + delay + "}"))
                        .get();
            }
        }
        Result run = Cli.on(database, kafka)
                .run(
                        "run",
                        SqlJobs.file("airport_delay.sql").toString(),
                        "--topic",
                        topic,
                        "--group",
                        topic,
                        "--until-end");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(ids()).hasSize(2);
        assertThat(folded()).containsExactly("ABC|2|8");
    }

    private List<String> ids() {
        return database.query("select id from tidemark.dead_letter order by id");
    }

    private List<String> folded() {
        return database.query("select airport, flights, total_delay from airport_delay");
    }

    private Result redrive(String... more) {
        String[] args = new String[4 + more.length];
        System.arraycopy(new String[] {"dead-letters", "redrive", mended.toString(), topic}, 0, args, 0, 4);
        System.arraycopy(more, 0, args, 4, more.length);
        return cli.run(args);
    }

    @Tag("exhaustive")
    @Test
    void nothingIsDoneUntilItIsToldTo() {
        Result dry = redrive("--all");
        assertThat(dry.exitCode()).as(dry.err()).isZero();
        assertThat(dry.out().lines().toList()).hasSize(3);
        assertThat(dry.out()).startsWith("ID").contains("TM-502", topic);
        assertThat(dry.err()).contains("--execute");
        assertThat(ids()).hasSize(2);
        assertThat(folded()).containsExactly("ABC|2|8");
    }

    @Tag("exhaustive")
    @Test
    void whatTheMendedJobCanTakeTakesEffectAndTheRestStays() throws Exception {
        List<String> ids = ids();
        Result result = redrive("--all", "--execute", "--output", "json");
        assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.FAILED);
        assertThat(new ObjectMapper().readTree(result.out()).findValuesAsText("result"))
                .containsExactly("APPLIED", "FAILED");
        assertThat(result.out())
                .contains("TM-502", "StatementFailedException sqlstate=22")
                .doesNotContain("never");
        assertThat(ids()).containsExactly(ids.get(1));
        assertThat(folded()).containsExactly("ABC|3|13");

        Result one = redrive(ids.get(1), "--execute");
        assertThat(one.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(database.query("select attempts from tidemark.dead_letter")).containsExactly("3");
    }

    /** The second one ends its session, as a failover would. */
    @Test
    void whatWasDoneBeforeABreakIsShown() throws Exception {
        List<String> ids = ids();
        Files.writeString(
                mended,
                "select pg_terminate_backend(pg_backend_pid()) from records where value->>'delay' = 'never';\n"
                        + Files.readString(mended));
        Result broken = redrive("--all", "--execute", "--output", "json");
        assertThat(broken.exitCode()).as(broken.err()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(broken.err()).startsWith("TM-212").hasLineCount(1);
        assertThat(new ObjectMapper().readTree(broken.out()).findValuesAsText("result"))
                .containsExactly("APPLIED");
        assertThat(ids()).containsExactly(ids.get(1));
        assertThat(folded()).containsExactly("ABC|3|13");
    }

    @Tag("exhaustive")
    @Test
    void chosenOnesAlone() {
        String id = ids().get(0);
        Result one = redrive(id, "--execute");
        assertThat(one.exitCode()).as(one.err()).isZero();
        assertThat(one.out()).contains("APPLIED");
        assertThat(ids()).hasSize(1).doesNotContain(id);

        Result gone = redrive(id, "987654", "--execute");
        assertThat(gone.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(gone.err()).startsWith("TM-601").contains(id, "987654").hasLineCount(1);
        assertThat(ids()).hasSize(1);
    }

    /** 140 megabytes of them, by a JVM that has 64. */
    @Tag("exhaustive")
    @Test
    void theContentsOfAllAreNeverHeldTogether() {
        database.owner().execute("delete from tidemark.dead_letter");
        database.owner()
                .execute("insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset,"
                        + " timestamp_ms, timestamp_type, key, value, header_keys, header_values, holds_key, attempts,"
                        + " parked_by) select b.group_id, b.topic, b.incarnation, 0, n, 0, 'CreateTime', null,"
                        + " convert_to('{\"origin\":\"DEF\",\"delay\":1,\"pad\":\"' || repeat('x', 700000)"
                        + " || '\"}', 'UTF8'), '{}', '{}', false, 1, 'me'"
                        + " from tidemark.topic_binding b, generate_series(1000, 1199) n where b.topic = '" + topic
                        + "'");
        Cli small = Cli.with(Map.of("TIDEMARK_JDBC_URL", database.jdbcUrl(), "JAVA_TOOL_OPTIONS", "-Xmx64m"));
        Result dry = small.runProcess("dead-letters", "redrive", mended.toString(), topic, "--all");
        assertThat(dry.exitCode()).as(dry.err()).isZero();
        assertThat(dry.err()).contains("redrive 200 dead letter(s)");
        Result done = small.runProcess("dead-letters", "redrive", mended.toString(), topic, "--all", "--execute");
        assertThat(done.exitCode()).as(done.err()).isZero();
        assertThat(done.out().lines().filter(line -> line.contains("APPLIED"))).hasSize(200);
        assertThat(ids()).isEmpty();
        assertThat(folded()).contains("DEF|200|200");
    }

    @Tag("exhaustive")
    @Test
    void whatWaitsForOneOfALaterPageGetsItsTurn() {
        database.owner().execute("delete from tidemark.dead_letter");
        // Parked later and yet the earlier record: it goes first.
        database.owner()
                .execute("insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset,"
                        + " timestamp_ms, timestamp_type, key, value, header_keys, header_values, holds_key, attempts,"
                        + " parked_by) select b.group_id, b.topic, b.incarnation, 0, 3000 - n, 0, 'CreateTime',"
                        + " convert_to('k' || case when n in (1, 1100) then 0 else n end, 'UTF8'),"
                        + " convert_to('{\"origin\":\"DEF\",\"delay\":1}', 'UTF8'), '{}', '{}', true, 1, 'me'"
                        + " from tidemark.topic_binding b, generate_series(1, 1100) n where b.topic = '" + topic
                        + "' order by n");
        String first = ids().get(0);
        Result done = redrive("--all", "--execute");
        assertThat(done.exitCode()).as(done.err()).isZero();
        assertThat(done.out().lines().filter(line -> line.contains("APPLIED"))).hasSize(1_100);
        assertThat(done.out().lines().reduce((before, last) -> last).orElse(""))
                .as("it waited")
                .matches(" *" + first + " .*");
        assertThat(ids()).isEmpty();
        assertThat(folded()).contains("DEF|1100|1100");
    }

    @Tag("exhaustive")
    @Test
    void nothingToRedriveIsNoError() {
        database.owner().execute("delete from tidemark.dead_letter");
        Result none = redrive("--all", "--execute");
        assertThat(none.exitCode()).isZero();
        assertThat(none.err()).contains("no dead letters");

        Result neither = redrive("--execute");
        assertThat(neither.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(neither.err()).contains("--all");
    }

    @Tag("exhaustive")
    @Test
    void aJobThatTheServerRefusesTouchesNothing() throws Exception {
        Files.writeString(mended, "select nothing from records");
        Result refused = redrive("--all", "--execute");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(refused.err()).startsWith("TM-103").contains("nothing");
        assertThat(database.query("select attempts from tidemark.dead_letter")).containsExactly("1", "1");
    }
}
