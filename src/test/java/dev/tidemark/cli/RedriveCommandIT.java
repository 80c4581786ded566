package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.testkit.Cli;
import dev.tidemark.testkit.Cli.Result;
import dev.tidemark.testkit.KafkaServer;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dead letters of a SQL job that are applied by a mended one. */
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

    @Test
    void whatTheMendedJobCanTakeTakesEffectAndTheRestStays() throws Exception {
        List<String> ids = ids();
        Result result = redrive("--all", "--execute", "--output", "json");
        assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.FAILED);
        assertThat(new ObjectMapper().readTree(result.out()).findValuesAsText("result"))
                .containsExactly("APPLIED", "FAILED");
        assertThat(result.out()).contains("TM-502").doesNotContain("never");
        assertThat(ids()).containsExactly(ids.get(1));
        assertThat(folded()).containsExactly("ABC|3|13");

        Result one = redrive(ids.get(1), "--execute");
        assertThat(one.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(database.query("select attempts from tidemark.dead_letter")).containsExactly("3");
    }

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

    @Test
    void aJobThatTheServerRefusesTouchesNothing() throws Exception {
        Files.writeString(mended, "select nothing from records");
        Result refused = redrive("--all", "--execute");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(refused.err()).startsWith("TM-103").contains("nothing");
        assertThat(database.query("select attempts from tidemark.dead_letter")).containsExactly("1", "1");
    }
}
