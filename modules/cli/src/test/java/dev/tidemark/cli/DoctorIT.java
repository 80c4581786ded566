package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.kafka.SecuredKafka;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What doctor finds on real servers, and that its fixes work. */
class DoctorIT {
    private static final KafkaServer KAFKA = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final Cli cli = Cli.on(database, KAFKA);
    private final String group = Servers.unique("doctor");

    private static List<JsonNode> findings(Result result) throws IOException {
        return StreamSupport.stream(new ObjectMapper().readTree(result.out()).spliterator(), false)
                .toList();
    }

    private static List<JsonNode> of(Result result, String verdict) throws IOException {
        return findings(result).stream()
                .filter(finding -> finding.get("verdict").asText().equals(verdict))
                .toList();
    }

    private static JsonNode one(Result result, String section, String check) throws IOException {
        List<JsonNode> found = findings(result).stream()
                .filter(finding -> finding.get("section").asText().equals(section)
                        && finding.get("check").asText().equals(check))
                .toList();
        assertThat(found).as(section + ", " + check).hasSize(1);
        return found.get(0);
    }

    private static void is(JsonNode finding, String verdict, String... words) {
        assertThat(finding.get("verdict").asText()).as(finding.toString()).isEqualTo(verdict);
        for (String word : words) {
            assertThat(finding.get("finding").asText()).contains(word);
        }
        if (verdict.equals("fail")) {
            assertThat(finding.get("fix").asText()).isNotBlank();
        }
    }

    /** The group stands at an offset of each partition of a topic of its name, as if it had read that far. */
    private String bound(int partitions, long offset, Map<String, String> config) {
        KAFKA.createTopic(group, partitions, config);
        bind(partitions, offset);
        return group;
    }

    private void bind(int partitions, long offset) {
        database.execute("select tidemark.bind_topic('" + group + "', '" + group + "', '" + clusterId() + "', '"
                + KAFKA.topicId(group) + "', array_fill(" + offset + "::bigint, array[" + partitions + "]))");
    }

    private static String clusterId() {
        return KafkaServer.get(KAFKA.admin().describeCluster().clusterId());
    }

    private Result doctor() {
        return cli.run("doctor", "--group", group, "-o", "json");
    }

    @Test
    void aHealthyGroupIsHealthy() throws IOException {
        KAFKA.createTopic(group, 2);
        try (var producer = KAFKA.producer()) {
            Servers.produce(producer, group, Flights.sample().subList(0, 100));
        }
        try (Running running = Running.start(
                database,
                KAFKA.consumerConfig(group, "cooperative"),
                builder -> builder.topics(group).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, group) == 100);
            running.until(
                    "lag is known",
                    () -> database.number("select count(*) from tidemark.consumer_lag where lag = 0") == 2);
            Result result = doctor();
            assertThat(result.exitCode()).as(result.out()).isZero();
            assertThat(result.err()).isEmpty();
            assertThat(of(result, "fail")).isEmpty();
            assertThat(of(result, "skipped")).isEmpty();
            assertThat(one(result, "group", "samples").get("verdict").asText()).isEqualTo("ok");
            for (String section : List.of(
                    "database",
                    "pooler",
                    "timeouts",
                    "connections",
                    "schema",
                    "rights",
                    "group",
                    "kafka",
                    "topics",
                    "retention")) {
                assertThat(findings(result))
                        .anyMatch(f -> f.get("section").asText().equals(section));
            }

            Result words = cli.run("doctor");
            assertThat(words.exitCode()).isZero();
            assertThat(words.out())
                    .contains("OK      version: PostgreSQL", "no sign of a pooler", " 0 failed, 0 skipped")
                    .doesNotContain(Canary.PASSWORD.plant());
            assertThat(cli.run("doctor", "-o", "csv").out()).startsWith("section,check,verdict,finding,fix");
        }
    }

    @Tag("exhaustive")
    @Test
    void whatCannotBeAskedIsSkippedAndSaidSo() throws IOException {
        database.execute("select tidemark.bind_topic('" + group + "', 'x', 'c', 't', '{0}')");
        Result unsaid = Cli.on(database).run("doctor", "-o", "json");
        assertThat(unsaid.exitCode()).isZero();
        assertThat(of(unsaid, "skipped"))
                .extracting(f -> f.get("section").asText())
                .containsExactly("kafka", "topics", "retention");

        Result kafkaDown = Cli.on(database, StoredGroups.NOBODY).run("doctor", "-o", "json");
        assertThat(kafkaDown.exitCode()).isEqualTo(ExitCode.FINDINGS);
        is(one(kafkaDown, "kafka", "reachable"), "fail", "TM-310");
        is(one(kafkaDown, "schema", "version"), "ok");

        Result databaseDown = Cli.with(Map.of(
                        "TIDEMARK_JDBC_URL",
                        "jdbc:postgresql://localhost:1/nothing?password=" + Canary.PASSWORD.plant(),
                        "TIDEMARK_BOOTSTRAP_SERVERS",
                        KAFKA.bootstrapServers()))
                .run("doctor", "-o", "json");
        assertThat(databaseDown.exitCode()).isEqualTo(ExitCode.FINDINGS);
        is(one(databaseDown, "database", "connection"), "fail", "TM-212");
        is(one(databaseDown, "kafka", "reachable"), "ok");
        assertThat(databaseDown.out()).doesNotContain(Canary.PASSWORD.plant());
    }

    @Tag("exhaustive")
    @Test
    void aSchemaThatIsMissingOrOlder() throws IOException {
        Result missing = Cli.on(Servers.postgres().createDatabase()).run("doctor", "-o", "json");
        assertThat(missing.exitCode()).isEqualTo(ExitCode.FINDINGS);
        is(one(missing, "schema", "version"), "fail", "TM-201");
        assertThat(one(missing, "schema", "version").get("fix").asText()).isEqualTo("tidemark migrate");

        database.owner().execute("update tidemark.store_info set schema_version = 1");
        is(one(doctor(), "schema", "version"), "fail", "TM-203");
        database.owner().execute("update tidemark.store_info set schema_version = 999, min_protocol = 999");
        is(one(doctor(), "schema", "version"), "fail", "TM-202");
        database.owner()
                .execute(
                        "update tidemark.store_info set min_protocol = 1", "alter table tidemark.log_end set unlogged");
        Result unlogged = doctor();
        is(one(unlogged, "schema", "unlogged"), "fail", "tidemark.log_end");
        database.owner().execute(one(unlogged, "schema", "unlogged").get("fix").asText());
        is(one(doctor(), "schema", "unlogged"), "ok");
    }

    @Test
    void rightsAndTheCallThatGivesThem() throws IOException {
        String role = group.replace('-', '_');
        database.superuser().execute("create role " + role + " login password '" + Canary.PASSWORD.plant() + "'");
        try {
            Cli there = Cli.as(database.as(role));
            Result nothing = there.run("doctor", "-o", "json");
            assertThat(nothing.exitCode()).isEqualTo(ExitCode.FINDINGS);
            JsonNode reader = one(nothing, "rights", "reader");
            is(reader, "fail", "USAGE on the schema", "TM-204");
            assertThat(reader.get("fix").asText())
                    .isEqualTo("as tidemark_owner: select tidemark.grant_access('" + role + "', 'reader')");

            fix(reader);
            Result reads = there.run("doctor", "-o", "json");
            assertThat(reads.exitCode()).as(reads.out()).isZero();
            is(one(reads, "rights", "reader"), "ok");
            is(one(reads, "rights", "operator"), "warn");
            JsonNode writer = one(reads, "rights", "writer");
            is(writer, "warn", "it only reads");

            fix(writer);
            Result writes = there.run("doctor", "-o", "json");
            is(one(writes, "rights", "writer"), "ok", "may run consumers");
            is(one(writes, "rights", "operator"), "ok", "does not need to");
            database.owner().execute("revoke update (next_offset) on tidemark.stored_offset from " + role);
            is(one(there.run("doctor", "-o", "json"), "rights", "writer"), "fail", "UPDATE on stored_offset");

            database.owner().execute("select tidemark.grant_access('" + role + "', 'operator')");
            is(one(there.run("doctor", "-o", "json"), "rights", "operator"), "ok", "reset");
        } finally {
            database.superuser().execute("drop owned by " + role, "drop role " + role);
        }
    }

    private void fix(JsonNode finding) {
        database.owner().execute(finding.get("fix").asText().replace("as tidemark_owner: ", ""));
    }

    @Test
    void settingsThatWillSurpriseSomebody() throws IOException {
        String name = database.name();
        database.owner()
                .execute(
                        "alter database " + name + " set statement_timeout = '2s'",
                        "alter database " + name + " set synchronous_commit = off",
                        "alter database " + name + " connection limit 5");
        Result result = Cli.on(database).run("doctor", "--workers", "6", "--pool", "4", "-o", "json");
        assertThat(result.exitCode()).isEqualTo(ExitCode.FINDINGS);
        is(one(result, "timeouts", "statement_timeout"), "warn", "2 s", "45 s");
        is(one(result, "database", "synchronous_commit"), "warn", "read again");
        is(one(result, "connections", "pool"), "fail", "6 workers need 7", "holds 4");
        is(one(result, "connections", "limit"), "fail", "database's connection limit allows 5");
        database.owner().execute("alter database " + name + " set default_transaction_read_only = on");
        is(one(Cli.on(database).run("doctor", "-o", "json"), "database", "writable"), "fail", "TM-205");
        is(
                one(
                        Cli.with(Map.of("TIDEMARK_JDBC_URL", database.jdbcUrl() + "&autosave=always"))
                                .run("doctor", "-o", "json"),
                        "database",
                        "autosave"),
                "fail",
                "TM-104");
        assertThat(cli.run("doctor", "--workers", "0").exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    }

    @Test
    void whatKeepsAGroup() throws IOException {
        bound(1, 0, Map.of());
        database.owner()
                .execute(
                        "insert into tidemark.partition_state (group_id, topic, partition, halted_at, error_code, error_text) values"
                                + " ('" + group + "', '" + group + "', 0, now(), 'TM-502', 'the handler failed')");
        database.execute("select tidemark.pause('" + group + "', null, null, 'repairs')");
        Result result = doctor();
        assertThat(result.exitCode()).isEqualTo(ExitCode.FINDINGS);
        is(one(result, "group", "halted"), "fail", "TM-502", "the handler failed");
        is(one(result, "group", "paused"), "warn", "tidemark_operator", "repairs");
        is(one(result, "group", "samples"), "warn", "they have no owner");

        String other = group + "-other";
        Result unknown = cli.run("doctor", "--group", other, "-o", "json");
        assertThat(unknown.exitCode()).isZero();
        is(one(unknown, "group", "known"), "warn", other, group);
    }

    @Tag("exhaustive")
    @Test
    void aTopicThatWasCreatedAgainOrIsGoneOrOnAnotherCluster() throws IOException {
        bound(1, 0, Map.of());
        is(one(doctor(), "topics", "ids"), "ok");
        KAFKA.createAgain(group, 1);
        Result again = doctor();
        assertThat(again.exitCode()).isEqualTo(ExitCode.FINDINGS);
        is(one(again, "topics", "topic id"), "fail", KAFKA.topicId(group), "TM-302");
        database.owner().execute("update tidemark.topic_binding set cluster_id = 'elsewhere'");
        is(one(doctor(), "topics", "cluster id"), "fail", "elsewhere", "TM-301");
        database.owner().execute("update tidemark.topic_binding set cluster_id = '" + clusterId() + "'");
        KafkaServer.get(KAFKA.admin().deleteTopics(List.of(group)).all());
        is(one(doctor(), "topics", "exists"), "fail", "TM-307");
    }

    @Tag("exhaustive")
    @Test
    void offsetsThatTheLogDoesNotHoldAndPartitionsThatWereAdded() throws IOException {
        bound(2, 0, Map.of());
        try (var producer = KAFKA.producer()) {
            Servers.produceTo(
                    producer, new TopicPartition(group, 0), Flights.sample().subList(0, 10));
        }
        database.owner().execute("update tidemark.stored_offset set next_offset = 7 where partition = 1");
        KAFKA.expire(new TopicPartition(group, 0), 4);
        KAFKA.addPartitions(group, 3);
        Result result = doctor();
        assertThat(result.exitCode()).isEqualTo(ExitCode.FINDINGS);
        List<JsonNode> offsets = of(result, "fail");
        assertThat(offsets).hasSize(2);
        is(offsets.get(0), "fail", "partition 0", "begins at 4", "TM-304");
        assertThat(offsets.get(0).get("fix").asText())
                .contains("tidemark reset " + group + " --topic " + group + ":0 --to-earliest");
        is(offsets.get(1), "fail", "partition 1", "ends at 0", "TM-305");
        is(one(result, "topics", "partitions"), "warn", "has 3 partitions, and 2 are bound");
        database.owner().execute("delete from tidemark.stored_offset where partition = 1");
        is(one(doctor(), "topics", "rows"), "fail", "partition 1", "TM-303");
    }

    @Tag("exhaustive")
    @Test
    void recordsThatWillExpireBeforeTheyAreRead() throws Exception {
        Duration retention = Duration.ofDays(7);
        bound(2, 0, Map.of("retention.ms", Long.toString(retention.toMillis())));
        Instant now = Instant.now();
        try (var producer = KAFKA.producer()) {
            // Two a minute: the next to be read is the one that was written two hours before it expires.
            Instant first = now.minus(retention).plus(Duration.ofMinutes(100));
            for (int i = 0; i < 100; i++) {
                long at = first.plusSeconds(30L * i).toEpochMilli();
                producer.send(new ProducerRecord<>(group, 0, at, "key", "value " + i))
                        .get();
            }
        }
        database.owner().execute("update tidemark.stored_offset set next_offset = 40 where partition = 0");
        Result result = doctor();
        JsonNode expiry = one(result, "retention", "expiry");
        is(expiry, "warn", "partition 0 expires in ", "60 offsets are still to be read");
        // 100 min and 40 records on, less what passed meanwhile.
        assertThat(expiry.get("finding").asText()).containsAnyOf("in 1 h 5", "in 2 h ");
        assertThat(expiry.get("fix").asText())
                .contains("retention.ms=" + retention.multipliedBy(2).toMillis());

        database.owner().execute("update tidemark.stored_offset set next_offset = 100 where partition = 0");
        is(one(doctor(), "retention", "expiry"), "ok", "7 d");
    }

    @Tag("exhaustive")
    @Test
    void rightsInKafkaAndTheAclThatGivesThem() throws IOException {
        SecuredKafka secured = Servers.securedKafka();
        secured.createTopic(group, 1);
        database.execute("select tidemark.bind_topic('" + group + "', '" + group + "', '"
                + KafkaServer.get(secured.admin().describeCluster().clusterId()) + "', '" + secured.topicId(group)
                + "', '{0}')");
        Path file = Servers.directory("doctor").resolve("kafka.properties");
        Cli there = Cli.with(Map.of("TIDEMARK_JDBC_URL", database.jdbcUrl(), "TIDEMARK_KAFKA_CONFIG", file.toString()));

        write(file, secured.consumerConfig(group, "cooperative", "wrong"));
        Result refused = there.run("doctor", "-o", "json");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.FINDINGS);
        is(one(refused, "kafka", "reachable"), "fail", "TM-308", "login failed");

        write(file, secured.consumerConfig(group, "cooperative", Canary.PASSWORD.plant()));
        Result denied = there.run("doctor", "-o", "json");
        assertThat(denied.exitCode()).isEqualTo(ExitCode.FINDINGS);
        assertThat(of(denied, "fail"))
                .extracting(f -> f.get("fix").asText())
                .containsExactly(
                        "kafka-acls --add --allow-principal User:<user> --operation Read --group " + group,
                        "kafka-acls --add --allow-principal User:<user> --operation Read --topic " + group);

        secured.allow(ResourceType.GROUP, group, AclOperation.READ);
        secured.allow(ResourceType.TOPIC, group, AclOperation.READ);
        Result allowed = there.run("doctor", "-o", "json");
        assertThat(allowed.exitCode()).as(allowed.out()).isZero();
        is(one(allowed, "retention", "expiry"), "warn", "unknown when");
        secured.allow(ResourceType.TOPIC, group, AclOperation.DESCRIBE_CONFIGS);
        is(one(there.run("doctor", "-o", "json"), "retention", "expiry"), "ok");
        assertThat(allowed.out()).doesNotContain(Canary.PASSWORD.plant());
    }

    private static void write(Path file, Map<String, Object> config) throws IOException {
        Properties properties = new Properties();
        config.forEach((name, value) -> properties.setProperty(name, String.valueOf(value)));
        try (var writer = Files.newBufferedWriter(file)) {
            properties.store(writer, null);
        }
    }
}
