package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaClients;
import dev.tidemark.testkit.kafka.SecuredKafka;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A broker that wants a login and denies what no ACL allows: each refusal names what is missing, and never the password. */
@Tag("exhaustive")
class KafkaSecurityIT {
    private final SecuredKafka kafka = Servers.securedKafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("secured"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 500);

    @BeforeEach
    void produce() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
    }

    private Running start(Map<String, Object> config) {
        return Running.start(database, config, builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch));
    }

    private Throwable refusal(Map<String, Object> config) {
        try (Running running = start(config)) {
            Throwable failure = running.failure();
            assertThat(failure).isInstanceOf(LogMismatchException.class).hasMessageStartingWith("TM-308");
            StringWriter all = new StringWriter();
            failure.printStackTrace(new PrintWriter(all));
            assertThat(all.toString()).doesNotContain(Canary.PASSWORD.plant());
            return failure;
        } finally {
            assertThat(database.number("select count(*) from applied")).isZero();
        }
    }

    private void assertReadsExactlyOnce(Map<String, Object> config) {
        try (Running running = start(config)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cooperative", "consumer"})
    void whatIsMissingIsNamedUntilNothingIs(String protocol) {
        Map<String, Object> config = kafka.consumerConfig(topic, protocol, Canary.PASSWORD.plant());
        kafka.allow(ResourceType.TOPIC, topic, AclOperation.READ);
        assertThat(refusal(config)).hasMessageContaining("lacks READ on group " + topic + ":");

        kafka.disallow(ResourceType.TOPIC, topic, AclOperation.READ);
        kafka.allow(ResourceType.GROUP, topic, AclOperation.READ);
        // The new protocol's heartbeat may be refused first, which names no topic.
        String which = protocol.equals("consumer") ? "lacks READ on " : "lacks READ on topic " + topic + ":";
        assertThat(refusal(config)).hasMessageContaining(which).hasMessageContaining("--topic");

        kafka.allow(ResourceType.TOPIC, topic, AclOperation.DESCRIBE);
        assertThat(refusal(config)).hasMessageContaining("lacks READ on topic " + topic + ":");

        kafka.allow(ResourceType.TOPIC, topic, AclOperation.READ);
        assertReadsExactlyOnce(config);
    }

    /** Kafka refuses a topic by its name, whether it exists or not; else the start position would take it for a new one. */
    @Test
    void aTopicThatMayNotBeSeenIsNotMissing() {
        kafka.allow(ResourceType.GROUP, topic, AclOperation.READ);
        for (String hidden : List.of(topic, topic + "-missing")) {
            try (Running running = Running.start(
                    database,
                    kafka.consumerConfig(topic, "consumer", Canary.PASSWORD.plant()),
                    builder -> builder.topics(hidden)
                            .startAt(StartPosition.latest())
                            .handleBatch(FlightEffects::foldBatch))) {
                assertThat(running.failure())
                        .isInstanceOf(LogMismatchException.class)
                        .hasMessageStartingWith("TM-308");
            }
            assertThatThrownBy(() -> described(hidden)).hasRootCauseInstanceOf(TopicAuthorizationException.class);
        }
        assertThat(database.query("select topic from tidemark.audit_log where action = 'bind'"))
                .isEmpty();
        kafka.allow(ResourceType.TOPIC, topic + "-missing", AclOperation.DESCRIBE);
        assertThatThrownBy(() -> described(topic + "-missing"))
                .hasRootCauseInstanceOf(UnknownTopicOrPartitionException.class);
    }

    private Object described(String name) {
        try (Admin admin = Admin.create(kafka.consumerConfig(topic, "consumer", Canary.PASSWORD.plant()))) {
            return KafkaClients.get(admin.describeTopics(List.of(name)).allTopicNames());
        }
    }

    @Test
    void aWrongPasswordNamesTheKeysToCheck() {
        String wrong = Canary.PASSWORD.plant() + "-wrong";
        for (Map<String, Object> config : List.of(
                kafka.consumerConfig(topic, "cooperative", wrong),
                kafka.scramConsumerConfig(topic, "consumer", wrong))) {
            assertThat(refusal(config)).hasMessageContaining("sasl.mechanism").hasMessageContaining("sasl.jaas.config");
        }
    }

    @Test
    void anotherMechanismThanTheBrokersNamesTheKey() {
        Map<String, Object> config = kafka.scramConsumerConfig(topic, "cooperative", Canary.PASSWORD.plant());
        config.put(SaslConfigs.SASL_MECHANISM, "SCRAM-SHA-512");
        assertThat(refusal(config)).hasMessageContaining("check sasl.mechanism");
    }

    @Test
    void scramReadsExactlyOnce() {
        kafka.allow(ResourceType.TOPIC, topic, AclOperation.READ);
        kafka.allow(ResourceType.GROUP, topic, AclOperation.READ);
        assertReadsExactlyOnce(kafka.scramConsumerConfig(topic, "cooperative", Canary.PASSWORD.plant()));
    }

    @Provokes(ErrorCode.KAFKA_REFUSES)
    @Test
    void aRightTakenAwayStopsARunningConsumer() {
        kafka.allow(ResourceType.TOPIC, topic, AclOperation.READ);
        kafka.allow(ResourceType.GROUP, topic, AclOperation.READ);
        try (Running running = start(kafka.consumerConfig(topic, "cooperative", Canary.PASSWORD.plant()))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            kafka.disallow(ResourceType.TOPIC, topic, AclOperation.READ);
            assertThat(running.failure())
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageStartingWith("TM-308")
                    .hasMessageContaining("lacks READ on ");
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights));
    }
}
