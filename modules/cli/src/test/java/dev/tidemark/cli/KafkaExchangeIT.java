package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.kafka.KafkaTool;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A group moves from Kafka to the store, and back. */
@Order(1) // its tests take longest
@Tag("exhaustive")
class KafkaExchangeIT {
    private final ReadGroup group = ReadGroup.make();
    private final Cli cli = group.cli();

    private void commit(String name, Map<TopicPartition, Long> offsets) {
        Map<TopicPartition, OffsetAndMetadata> commits = new HashMap<>();
        offsets.forEach((partition, offset) -> commits.put(partition, new OffsetAndMetadata(offset)));
        KafkaServer.get(
                group.kafka.admin().alterConsumerGroupOffsets(name, commits).all());
    }

    private Map<Integer, Long> committed(String name) {
        Map<Integer, Long> committed = new TreeMap<>();
        KafkaServer.get(group.kafka.admin().listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> committed.put(partition.partition(), offset.offset()));
        return committed;
    }

    private boolean committedAreStored() {
        List<Long> stored = group.stored();
        return committed(group.name).equals(Map.of(0, stored.get(0), 1, stored.get(1)));
    }

    private static void assertFails(Result result, int exitCode, String code, String... words) {
        assertThat(result.err().lines().reduce((a, b) -> b).orElse(""))
                .startsWith(code)
                .contains(words);
        assertThat(result.exitCode()).isEqualTo(exitCode);
    }

    @Test
    void afterTheExportKafkasToolShowsTheSameLag() throws IOException {
        group.produce();
        group.store(120, 150);
        // The store's own picture of the log is as old as its last consumer; one that runs for a moment makes it new.
        AtomicBoolean hold = new AtomicBoolean(true);
        try (Running running = Running.start(
                group.database,
                group.kafka.consumerConfig(group.name, "cooperative"),
                builder -> builder.topics(group.name).handleBatch((records, tx) -> {
                    if (hold.get()) {
                        throw new java.sql.SQLException("not now", "40001");
                    }
                }))) {
            running.until(
                    "lag is known",
                    () -> group.database.number("select sum(lag) from tidemark.consumer_lag where log_end_offset = 200")
                            == 130);
        }
        assertThat(group.stored()).containsExactly(120L, 150L);

        Result dry = cli.run("export-to-kafka", group.name);
        assertThat(dry.err()).contains("--execute does it");
        assertThat(dry.out().lines().toList().get(0)).matches("TOPIC +PARTITION +COMMITTED-OFFSET +STORED-OFFSET");
        assertThat(dry.out().lines().toList().get(1)).matches(group.name + " +0 +- +120");
        assertThat(committed(group.name)).isEmpty();
        Result done = cli.run("export-to-kafka", group.name, "--execute");
        assertThat(done.err()).contains("Done");
        assertThat(done.exitCode()).isZero();
        assertThat(committed(group.name)).isEqualTo(Map.of(0, 120L, 1, 150L));

        JsonNode ours = new ObjectMapper()
                .readTree(cli.run("describe", group.name, "-o", "json").out());
        List<String> theirs = KafkaTool.consumerGroups(group.kafka, "--describe", "--group", group.name)
                .lines()
                .filter(line -> line.startsWith(group.name))
                .toList();
        assertThat(theirs).hasSize(2);
        for (JsonNode row : ours) {
            // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...
            assertThat(theirs)
                    .anyMatch(line -> line.matches(group.name + " +" + group.name + " +" + row.get("partition") + " +"
                            + row.get("stored_offset") + " +" + row.get("log_end_offset") + " +" + row.get("lag")
                            + " .*"));
        }
    }

    @Test
    void whatIsCommittedComesIntoTheStoreAndATidemarkConsumerGoesOnThere() {
        TestDatabase other = Servers.flightDatabase(Servers.postgres());
        Cli there = Cli.on(other, group.kafka);
        commit(group.name, Map.of(group.zero, 40L));
        assertFails(
                there.run("import-from-kafka", group.name, "--missing", "refuse"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "partition 1");
        Result dry = there.run("import-from-kafka", group.name, "--missing", "latest");
        assertThat(dry.out().lines().toList().get(1)).matches(group.name + " +0 +- +40 +60");
        assertThat(dry.out().lines().toList().get(2)).matches(group.name + " +1 +- +100 +0");
        assertThat(other.number("select count(*) from tidemark.topic_binding")).isZero();
        Result done = there.run("import-from-kafka", group.name, "--execute", "--reason", "moved in");
        assertThat(done.exitCode()).isZero();
        assertThat(other.query("select next_offset from tidemark.stored_offset order by partition"))
                .containsExactly("40", "0");
        assertThat(other.query("select distinct action, reason from tidemark.audit_log"))
                .containsExactly("bind|moved in");
        try (Running running = Running.start(
                other,
                group.kafka.consumerConfig(group.name, "cooperative"),
                builder -> builder.topics(group.name).handleBatch(FlightEffects::foldBatch))) {
            running.until("read on", () -> ExactlyOnce.progress(other, group.name) == 200);
        }
        assertThat(other.query("select partition, count(*), min(record_offset) from applied group by 1 order by 1"))
                .containsExactly("0|60|40", "1|100|0");
    }

    @Test
    void whatTheStoreHasIsReset() {
        commit(group.name, Map.of(group.zero, 40L));
        Result done = cli.run("import-from-kafka", group.name, "--execute");
        assertThat(done.err()).contains("--undo");
        assertThat(done.exitCode()).isZero();
        assertThat(group.stored()).containsExactly(40L, 100L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cooperative", "consumer"})
    void anActiveGroupIsRefusedInEitherDirectionUnlessItMirrors(String protocol) {
        commit(group.name, Map.of(group.zero, 40L, group.one, 40L));
        try (Running running = Running.start(
                group.database,
                group.kafka.consumerConfig(group.name, protocol),
                builder -> builder.topics(group.name).handleBatch(FlightEffects::foldBatch))) {
            running.until("active", () -> group.database.number("select count(owner) from tidemark.consumer_lag") == 2);
            assertFails(
                    cli.run("import-from-kafka", group.name, "--execute"),
                    ExitCode.FAILED,
                    "TM-603",
                    "1 member",
                    "--force");
            assertThat(group.stored()).containsExactly(100L, 100L);
            assertFails(
                    cli.run("export-to-kafka", group.name, "--execute"),
                    ExitCode.UNREACHABLE,
                    "TM-308",
                    "1 member",
                    "mirrorToKafka()");
            assertThat(committed(group.name)).isEqualTo(Map.of(0, 40L, 1, 40L));
            Result forced = cli.run("import-from-kafka", group.name, "--force");
            assertThat(forced.err()).contains("1 member");
            assertThat(forced.exitCode()).isZero();
        }
        group.produce();
        AtomicInteger refused = new AtomicInteger();
        try (LogCapture log = LogCapture.of(group.name);
                Running running = Running.start(
                        group.database,
                        group.kafka.consumerConfig(group.name, protocol),
                        builder -> builder.topics(group.name).mirrorToKafka().handleBatch(FlightEffects::foldBatch))) {
            running.until("read on", () -> ExactlyOnce.progress(group.database, group.name) >= 400);
            running.until("mirrored", () -> {
                // A position that Kafka did not accept is not sent again: others have to follow it.
                int now = log.by("dev.tidemark.internal.run.Mirror").size();
                if (now > refused.getAndSet(now)) {
                    group.produce();
                }
                return committedAreStored();
            });
            Result mirrored = cli.run("export-to-kafka", group.name, "--execute");
            assertThat(mirrored.err()).contains("mirror");
            assertThat(mirrored.exitCode()).isZero();
        }
        assertThat(committedAreStored()).isTrue();
    }

    @Test
    void wrongInputAndServersThatAreAwayAreExplained() {
        Cli noKafka = Cli.on(group.database, "localhost:1");
        Cli noDatabase = Cli.with(Map.of(
                "TIDEMARK_JDBC_URL",
                "jdbc:postgresql://localhost:1/nothing",
                "TIDEMARK_BOOTSTRAP_SERVERS",
                group.kafka.bootstrapServers()));
        for (String command : List.of("import-from-kafka", "export-to-kafka")) {
            assertFails(noKafka.run(command, group.name), ExitCode.UNREACHABLE, "TM-310", "Kafka");
            assertFails(noDatabase.run(command, group.name), ExitCode.UNREACHABLE, "TM-212", "database");
            assertFails(
                    Cli.on(group.database).run(command, group.name),
                    ExitCode.WRONG_INPUT,
                    "TM-103",
                    "--bootstrap-servers");
            assertFails(cli.run(command, "nobody"), ExitCode.WRONG_INPUT, "TM-601", "nobody");
            assertThat(cli.run(command).exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        }
        commit(group.name, Map.of(group.zero, 40L));
        assertFails(
                cli.run("import-from-kafka", group.name, "--topic", group.name + ":1"),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "partition 1");
        group.kafka.expire(group.zero, 50);
        assertFails(
                cli.run("import-from-kafka", group.name),
                ExitCode.WRONG_INPUT,
                "TM-601",
                "40 is outside the log",
                "--force");
    }
}
