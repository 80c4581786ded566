package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A consumer meets one store in its life: any other is refused, and nothing is written there. */
@Tag("exhaustive")
class StoreIdentityIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final TestDatabase other = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("store"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    private static String storeId(TestDatabase database) {
        return database.query("select store_id from tidemark.store_info").get(0);
    }

    private void assertRefused(Throwable failure) {
        assertThat(failure)
                .isInstanceOf(OffsetStoreException.class)
                .hasMessageContaining("TM-206")
                .hasMessageContaining("holds offset store " + storeId(other))
                .hasMessageContaining(storeId(database) + " was expected");
        for (String table : List.of(
                "tidemark.topic_binding", "tidemark.stored_offset", "tidemark.log_end", "tidemark.partition_state")) {
            assertThat(other.query("select * from " + table)).as(table).isEmpty();
        }
        assertThat(other.query("select * from applied")).isEmpty();
    }

    @Test
    void aDataSourceThatLeadsElsewhereLaterIsRefused() {
        try (var producer = kafka.producer();
                SwitchedDataSource source = new SwitchedDataSource(database.pool(5), other.pool(5));
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic).database(source).handleBatch(FlightEffects::foldBatch))) {
            Servers.produce(producer, topic, flights);
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            source.lead();
            // The connections that still lead to the right database break, as in a failover.
            database.superuser()
                    .execute("select pg_terminate_backend(pid) from pg_stat_activity"
                            + " where datname = current_database() and pid <> pg_backend_pid()");
            Servers.produce(producer, topic, flights);
            assertRefused(running.failure());
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(100);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void anotherStoreThanTheOneConfiguredIsRefusedAtTheStart() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
        UUID expected = UUID.fromString(storeId(database));
        try (Running running = Running.start(
                other,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).storeId(expected).handleBatch(FlightEffects::foldBatch))) {
            assertRefused(running.failure());
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).storeId(expected).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }
}
