package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.RecordHandler;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.kafka.SecuredKafka;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Failures whose messages carry keys, values and passwords, as those of drivers and handlers do. Their words are checked here;
 * {@link CanaryScan} looks at what was logged on the way.
 */
@Tag("exhaustive")
class TalkativeFailuresIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final List<Flight> flights = Flights.sample().subList(0, 300);

    /** Runs it over the flights until it fails behind so many, and returns the failure. */
    private Throwable failure(long before, Function<TidemarkBuilder<String, String>, TidemarkConsumer> special) {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("talkative"), 1);
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> special.apply(builder.topics(topic)))) {
            Servers.produce(producer, topic, flights);
            Throwable failure = running.failure();
            running.consumer().status().partitions().forEach(p -> assertSilent(p.toString()));
            assertSilent(running.consumer().status().toString());
            ExactlyOnce.assertEffectsMatchOffsets(database, topic);
            assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(before);
            return failure;
        }
    }

    private static void assertFailed(Throwable failure, ErrorCode code) {
        assertThat(failure).isInstanceOf(TidemarkException.class).hasMessageStartingWith(code.code());
        assertSilent(String.valueOf(failure.getMessage()));
    }

    private static void assertSilent(String words) {
        for (Canary canary : Canary.values()) {
            assertThat(canary.isIn(words)).as("a canary in: " + words).isFalse();
        }
    }

    static Stream<Arguments> talkativeHandlers() {
        return Stream.of(
                Arguments.of("an exception that shows the record", (RecordHandler<String, String>) (record, tx) -> {
                    throw new IllegalStateException("cannot apply " + record, new AssertionError(record.value()));
                }),
                Arguments.of("a constraint whose detail shows the row", (RecordHandler<String, String>) (record, tx) ->
                        tx.execute("insert into narrow (key, value) values (?, ?)", record.key(), record.value())),
                Arguments.of("the same, and caught", (RecordHandler<String, String>) (record, tx) -> {
                    try {
                        tx.execute("insert into narrow (key, value) values (?, ?)", record.key(), record.value());
                    } catch (RuntimeException e) {
                        throw new IllegalArgumentException(e.getMessage());
                    }
                }),
                Arguments.of("a cast that shows the value", (RecordHandler<String, String>)
                        (record, tx) -> tx.execute("select cast(? as int)", record.value())),
                Arguments.of("a function that shows it as bytes", (RecordHandler<String, String>) (record, tx) ->
                        tx.execute("select 1 / length(encode(convert_to(?, 'UTF8'), 'hex')) / 0", record.value())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("talkativeHandlers")
    void handlers(String what, RecordHandler<String, String> handler) {
        database.owner().execute("create table narrow (key text, value text check (length(value) < 3))");
        Throwable failure = failure(
                100,
                builder -> builder.handle((record, tx) -> {
                    if (record.offset() >= 100) {
                        handler.handle(record, tx);
                    }
                    FlightEffects.foldOne(record, tx);
                }));
        assertFailed(failure, ErrorCode.HANDLER_FAILED);
    }

    /** Shows what it cannot read. */
    private static final class Unreadable extends StringDeserializer {
        @Override
        public String deserialize(String topic, byte[] data) {
            throw new SerializationException("cannot read " + super.deserialize(topic, data));
        }
    }

    @Test
    void decoding() {
        assertFailed(
                failure(
                        0,
                        builder -> builder.deserializers(Unreadable::new, StringDeserializer::new)
                                .handleBatch((records, tx) -> {})),
                ErrorCode.RECORD_UNDECODABLE);
        assertFailed(
                failure(
                        0,
                        builder -> builder.deserializers(StringDeserializer::new, Unreadable::new)
                                .handleBatch((records, tx) -> {})),
                ErrorCode.RECORD_UNDECODABLE);
    }

    @Test
    void retries() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("talkative"), 1);
        AtomicInteger units = new AtomicInteger();
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "consumer"),
                        builder -> builder.topics(topic).handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            String shown = records.get(0).toString();
                            switch (units.incrementAndGet()) {
                                case 1 -> throw new SQLException("could not serialize " + shown, "40001");
                                case 2 -> throw new SQLTransientConnectionException("lost at " + shown, "08006");
                                case 3 -> throw new SQLException("deadlock at " + shown, "40P01");
                                default -> {}
                            }
                        }))) {
            Servers.produce(producer, topic, flights);
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
        }
        assertThat(units.get()).isGreaterThan(3);
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 1), Flights.truth(flights));
    }

    @Test
    void aDatabaseThatRefusesTheLogin() {
        String stranger = database.as("stranger").jdbcUrl();
        assertThat(stranger).contains("user=stranger").contains(Canary.PASSWORD.plant());
        assertFailed(
                Running.failureToStart(Servers.kafka().consumerConfig("talkative", "consumer"), stranger),
                ErrorCode.LOGIN_REFUSED);
    }

    @Test
    void aBrokerThatRefusesTheLogin() {
        SecuredKafka kafka = Servers.securedKafka();
        for (String protocol : List.of("cooperative", "consumer")) {
            assertFailed(
                    Running.failureToStart(
                            kafka.consumerConfig("talkative", protocol, Canary.PASSWORD.plant() + "-old"),
                            database.jdbcUrl()),
                    ErrorCode.KAFKA_REFUSES);
        }
    }

    @Test
    void aLoginThatNobodyCanRead() {
        Map<String, Object> config = Servers.securedKafka().consumerConfig("talkative", "consumer", "");
        for (String jaas : List.of(
                "password " + Canary.PASSWORD.plant(),
                "some.Module required password=\"" + Canary.PASSWORD.plant() + "\"",
                "no.such.Module required password=\"" + Canary.PASSWORD.plant() + "\";")) {
            config.put(SaslConfigs.SASL_JAAS_CONFIG, jaas);
            Throwable failure = Running.failureToStart(config, database.jdbcUrl());
            assertThat(failure).hasMessageContaining("sasl.jaas.config");
            for (Throwable t = failure; t != null; t = t.getCause()) {
                assertSilent(t.toString());
            }
            assertFailed(failure, ErrorCode.INVALID_SETTING);
        }
    }
}
