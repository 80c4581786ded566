package dev.tidemark.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.UnitLimits;
import dev.tidemark.proof.kit.TransferHandler;
import dev.tidemark.proof.kit.Transfers;
import dev.tidemark.proof.read.AdvanceAudit;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checker itself, on real servers: it passes what a consumer has written, and finds each violation that is planted there. */
@Tag("exhaustive")
class PlantedViolationIT {
    private static final int PARTITIONS = 2;
    private static final int RECORDS = 400;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.postgres().createStore();
    private final String topic = Servers.unique("planted");
    private String lastOutput = "";

    @TempDir
    Path directory;

    @BeforeEach
    void consume() throws Exception {
        kafka.createTopic(topic, PARTITIONS);
        Transfers.createTables(database);
        try (Connection c = database.owner().connect()) {
            AdvanceAudit.install(c, "tidemark");
        }
        Transfers transfers = new Transfers(20, Seeds.random("PlantedViolationIT"));
        try (var producer = kafka.producer()) {
            for (int i = 0; i < RECORDS; i++) {
                var unused = producer.send(transfers.next(topic, i % PARTITIONS, PARTITIONS));
            }
            producer.flush();
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(50))
                        .handleBatch((records, tx) -> TransferHandler.write(tx.getConnection(), records)))) {
            running.until(
                    "all read",
                    () -> ExactlyOnce.progress(database, topic) == RECORDS
                            && database.number("select count(*) from tidemark.consumer_lag where lag = 0")
                                    == PARTITIONS);
        }
        Files.writeString(directory.resolve("told"), "0 0 99\n1 0 99\n1 10");
    }

    @AfterEach
    void show() {
        System.out.println(lastOutput);
    }

    private int check(String... more) {
        List<String> words = new ArrayList<>(List.of(
                "--jdbc",
                database.superuser().jdbcUrl(),
                "--bootstrap-servers",
                kafka.bootstrapServers(),
                "--group",
                topic,
                "--topic",
                topic,
                "--effects",
                "effect",
                "--topic-column",
                "topic",
                "--order-column",
                "seq",
                "--key-column",
                "account",
                "--sequence-column",
                "sequence",
                "--amount-column",
                "amount",
                "--value",
                Transfers.VALUE,
                "--totals",
                Transfers.TOTALS,
                "--told",
                directory.resolve("told").toString()));
        words.addAll(List.of(more));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        int code = ProofMain.run(print, print, words.toArray(String[]::new));
        lastOutput = out.toString(StandardCharsets.UTF_8);
        return code;
    }

    private List<String> violated() {
        return Stream.of(lastOutput.split("\n"))
                .filter(line -> line.contains("VIOLATED"))
                .map(line -> line.substring(0, 2))
                .toList();
    }

    private void assertFound(String sql, String... checks) {
        database.superuser().execute(sql);
        assertThat(check()).as(lastOutput).isEqualTo(1);
        assertThat(violated()).as(lastOutput).containsExactly(checks);
    }

    @Test
    void whatWasWrittenPasses() {
        assertThat(check("--role", "tidemark_writer")).as(lastOutput).isZero();
        assertThat(lastOutput.lines().filter(line -> line.contains(" OK ")).map(line -> line.substring(0, 2)))
                .containsExactly("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C9");
    }

    @Test
    void aDoubledEffect() {
        assertFound(
                "insert into effect (topic, partition, record_offset, account, sequence, amount)"
                        + " select topic, partition, record_offset, account, sequence, amount from effect"
                        + " where partition = 1 and record_offset = 199",
                "C1",
                "C3",
                "C4");
    }

    @Test
    void aMissingEffectThatWasTold() {
        assertFound("delete from effect where partition = 1 and record_offset = 20", "C1", "C3", "C4", "C7");
    }

    @Test
    void aMissingEffectAtTheEndThatWasNotTold() {
        assertFound("delete from effect where partition = 1 and record_offset = 199", "C1", "C3", "C4");
    }

    @Tag("exhaustive")
    @Test
    void anotherOrder() {
        assertFound(
                "with moved as (delete from effect where partition = 0 and record_offset = 5"
                        + " returning topic, partition, record_offset, account, sequence, amount)"
                        + " insert into effect (topic, partition, record_offset, account, sequence, amount)"
                        + " select * from moved",
                "C2",
                "C3");
    }

    @Tag("exhaustive")
    @Test
    void anotherTotal() {
        assertFound("update account set amount = amount + 1 where code = 'account-3'", "C4");
    }

    @Test
    void anAdvanceThatNobodySaw() {
        assertFound(
                "delete from public.proof_advance where id = (select id from public.proof_advance"
                        + " where partition = 0 order by id offset 1 limit 1)",
                "C5");
    }

    @Tag("exhaustive")
    @Test
    void aTokenUsedTwice() {
        assertFound(
                "update public.proof_advance set token = (select token from public.proof_advance where partition = 0 limit 1)"
                        + " where id = (select max(id) from public.proof_advance where partition = 1)",
                "C5");
    }

    @Test
    void aPositionBeforeTheEnd() throws SQLException {
        try (Connection c = database.owner().connect()) {
            AdvanceAudit.remove(c, "tidemark");
        }
        assertFound(
                "update tidemark.stored_offset set next_offset = 200 where partition = 0;"
                        + " alter table tidemark.stored_offset disable trigger user;"
                        + " update tidemark.stored_offset set next_offset = 199 where partition = 1",
                "C1",
                "C3",
                "C4",
                "C6");
    }

    @Tag("exhaustive")
    @Test
    void recordsAfterTheEnd() {
        kafka.expire(new TopicPartition(topic, 0), 10);
        try (var producer = kafka.producer()) {
            Transfers transfers = new Transfers(20, Seeds.random("recordsAfterTheEnd"));
            var unused = producer.send(transfers.next(topic, 0, PARTITIONS));
        }
        assertThat(check()).as(lastOutput).isEqualTo(1);
        assertThat(violated()).contains("C6");
        assertThat(lastOutput).contains("10 more below the start of the log");
    }

    @Test
    void whatCannotBeCheckedIsNoViolation() {
        assertThat(check("--effects", "nosuch")).as(lastOutput).isEqualTo(2);
        assertThat(check("--nosuch")).as(lastOutput).isEqualTo(2);
        assertThat(check("--takeover-limit", "x")).as(lastOutput).isEqualTo(2);
        assertThat(check("--help")).isZero();
        assertThat(lastOutput).contains("--install-audit");
    }
}
