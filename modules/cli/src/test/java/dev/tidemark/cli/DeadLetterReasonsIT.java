package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Why records of a SQL job were parked, as people see it who may not see their contents. */
@Tag("exhaustive")
class DeadLetterReasonsIT {
    private static final String SECRET = Canary.VALUE.plant();

    /** The first, and every other one, is good: without a success nothing would be parked. */
    private static final List<String> BAD = List.of(
            "{\"amount\":\"" + SECRET + "\"}",
            "{\"amount\":0}",
            "{\"amount\":1}",
            "{}",
            "{\"amount\":-1}",
            "{\"amount\":99}",
            "{\"amount\":98}");

    private static final List<String> REASONS = List.of(
            "22P02,invalid text representation",
            "22012,division by zero",
            "23505,\"unique violation: constraint once, table payment\"",
            "23502,\"not null violation: column amount, table payment\"",
            "23514,\"check violation: constraint positive, table payment\"",
            "P0001,raise exception",
            "TX999,");

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("reasons"), 1);
    private final Cli cli = Cli.on(database);

    @TempDir
    private Path directory;

    private Path job;

    @BeforeEach
    void park() throws Exception {
        database.owner()
                .execute("create table payment (amount int not null, constraint once unique (amount),"
                        + " constraint positive check (amount >= 0))");
        database.owner()
                .execute("create function check_payment() returns trigger language plpgsql as $$ begin"
                        + " if new.amount = 99 then raise exception 'refused: %', '" + SECRET + "'; end if;"
                        + " if new.amount = 98 then raise exception 'refused' using errcode = 'TX999'; end if;"
                        + " return new; end $$");
        database.owner()
                .execute(
                        "create trigger checked before insert on payment for each row execute function check_payment()");
        database.owner().execute("grant insert, select on payment to public");
        job = Files.writeString(
                directory.resolve("job.sql"),
                "insert into payment select case when value->>'amount' = '0' then 1 / (value->>'amount')::int"
                        + " else (value->>'amount')::int end from records");
        List<String> values = new ArrayList<>();
        for (int i = 0; i < BAD.size(); i++) {
            values.add("{\"amount\":" + (i + 1) + "}");
            values.add(BAD.get(i));
        }
        try (var producer = kafka.producer()) {
            for (String value : values) {
                producer.send(new ProducerRecord<>(topic, 0, Canary.KEY.plant(), value))
                        .get();
            }
        }
        Result run =
                Cli.on(database, kafka).run("run", job.toString(), "--topic", topic, "--group", topic, "--until-end");
        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    private static String withoutQuotes(String cell) {
        return cell.replace("\"", "");
    }

    @Test
    void aListTellsThemApart() throws IOException {
        Result csv = cli.run("dead-letters", "list", topic, "-o", "csv");
        assertThat(csv.out().lines().findFirst().orElseThrow()).contains(",error_class,sqlstate,error_text,attempts,");
        assertThat(csv.out()
                        .lines()
                        .skip(1)
                        .map(row -> row.replaceAll(".*StatementFailedException,(.*),1,(true|false),.*", "$1")))
                .containsExactlyElementsOf(REASONS);

        Result table = cli.run("dead-letters", "list", topic);
        assertThat(table.out()).contains("SQLSTATE", "ERROR-TEXT");
        JsonNode json = new ObjectMapper()
                .readTree(cli.run("dead-letters", "list", topic, "-o", "json").out());
        assertThat(StreamSupport.stream(json.spliterator(), false)
                        .map(row -> row.get("sqlstate").asText() + ","
                                + row.get("error_text").asText("")))
                .containsExactlyElementsOf(
                        REASONS.stream().map(DeadLetterReasonsIT::withoutQuotes).toList());
        for (String reason : REASONS) {
            assertThat(table.out()).contains(withoutQuotes(reason).split(",", 2));
        }
        assertThat(csv.out() + table.out() + json).doesNotContain(SECRET, Canary.KEY.plant());
    }

    @Test
    void oneOfThemAndTheSummary() {
        String id = database.query("select min(id) from tidemark.dead_letter").get(0);
        Result words = cli.run("dead-letters", "show", topic, id);
        assertThat(words.out())
                .contains("sqlstate:       22P02", "error_text:     invalid text representation")
                .contains("error_class:    dev.tidemark.sql.StatementFailedException\n".trim());
        assertThat(cli.run("dead-letters", "show", topic, id, "-o", "json").out())
                .contains("\"sqlstate\" : \"22P02\"");
        assertThat(database.query("select error_class from tidemark.dead_letter_summary order by first_offset"))
                .hasSize(BAD.size())
                .contains("dev.tidemark.sql.StatementFailedException sqlstate=23505 (unique violation:"
                        + " constraint once, table payment)");
    }

    @Test
    void redriveSaysWhatFailedAgainAndTheListFollows() {
        Result redriven = cli.run("dead-letters", "redrive", job.toString(), topic, "--all", "--execute", "-o", "csv");
        assertThat(redriven.exitCode()).isEqualTo(ExitCode.FAILED);
        for (String reason : REASONS) {
            String[] parts = withoutQuotes(reason).split(",", 2);
            assertThat(redriven.out())
                    .contains("StatementFailedException sqlstate=" + parts[0]
                            + (parts[1].isEmpty() ? "" : " (" + parts[1] + ")"));
        }
        assertThat(redriven.out() + redriven.err()).doesNotContain(SECRET, Canary.KEY.plant());

        database.owner().execute("alter table payment drop constraint once");
        database.owner().execute("alter table payment add constraint never check (amount > 1) not valid");
        Result other = cli.run("dead-letters", "redrive", job.toString(), topic, "--all", "--execute");
        assertThat(other.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(cli.run("dead-letters", "list", topic, "-o", "csv").out())
                .contains("check violation: constraint never, table payment")
                .doesNotContain("unique violation");
    }
}
