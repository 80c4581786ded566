package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** More workers than the server gives connections could never all work, and would take those of others. */
@Tag("exhaustive")
class ConnectionLimitIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("limited"), 1);
    private final String role = "limited_in_" + database.name();

    @BeforeEach
    void createRole() {
        database.superuser()
                .execute(
                        "create role " + role + " login password '" + Canary.PASSWORD.plant() + "'",
                        "grant select, insert, update, delete on all tables in schema public to " + role);
        database.owner().execute("select tidemark.grant_access('" + role + "', 'writer')");
    }

    @AfterEach
    void dropRole() {
        database.superuser().execute("drop owned by " + role, "drop role " + role);
    }

    private Running start(int workers) {
        return Running.start(
                TestDatabase.pool(database.as(role).jdbcUrl(), workers + 1),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).workers(workers).handleBatch(FlightEffects::foldBatch));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "alter role $role connection limit 3 | the connection limit of role $role allows 3",
                "alter database $database connection limit 3 | the connection limit of the database allows 3"
            })
    void ofARoleOrADatabase(String limit, String words) {
        database.superuser().execute(named(limit));
        try (Running running = start(3)) {
            assertThat(running.failure())
                    .isInstanceOfSatisfying(
                            InvalidConfigurationException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICTING_LIMITS))
                    .hasMessageContaining("3 workers need 4 connections, and " + named(words));
        }
    }

    @Test
    void asManyAsThereAreIsEnough() {
        database.superuser().execute("alter role " + role + " connection limit 3");
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 50));
        }
        try (Running running = start(2)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 50);
        }
    }

    @Test
    void ofTheServer() {
        int most = (int) database.number("select current_setting('max_connections')::int"
                + " - current_setting('superuser_reserved_connections')::int"
                + " - coalesce(current_setting('reserved_connections', true)::int, 0)");
        try (Running running = start(most)) {
            assertThat(running.failure())
                    .hasMessageStartingWith("TM-102: ")
                    .hasMessageContaining(
                            most + " workers need " + (most + 1) + " connections, and max_connections (less ")
                    .hasMessageContaining("allows " + most);
        }
    }

    private String named(String words) {
        return words.replace("$role", role).replace("$database", database.name());
    }
}
