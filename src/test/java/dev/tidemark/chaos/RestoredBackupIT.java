package dev.tidemark.chaos;

import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An older backup takes the place of the database under running consumers; the records it lacks come back from Kafka. */
@Tag("database")
@Tag("chaos")
@Tag("exhaustive")
class RestoredBackupIT {
    private static final int PARTITIONS = 4;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String name = database.name();
    private final String topic = kafka.createTopic(Servers.unique("restored"), PARTITIONS);
    private final List<Flight> flights = Flights.sample();

    @Test
    void whatTheBackupLacksIsReadAgain() {
        try (var producer = kafka.producer();
                Running one = start();
                Running two = start()) {
            Load first = Load.start(producer, topic, flights.subList(0, 8_000), 1, 5_000, true);
            one.until("something to back up", () -> stored() >= 3_000);
            administer(
                    "alter database " + name + " allow_connections false",
                    endSessions(),
                    "create database " + name + "_backup template " + name,
                    "alter database " + name + " allow_connections true");
            // What the backup has is among these.
            first.join();
            Load second = Load.start(producer, topic, flights.subList(8_000, flights.size()), 1, 5_000, true);
            two.until("the backup is old", () -> stored() >= 12_000);
            administer(
                    "alter database " + name + " allow_connections false",
                    endSessions(),
                    // In one transaction, so that there is always a database of that name.
                    "begin",
                    "alter database " + name + " rename to " + name + "_lost",
                    "alter database " + name + "_backup rename to " + name,
                    "commit");
            second.join();
            one.until("all read", () -> two.consumer().health().ready() && stored() == flights.size());
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(flights));
    }

    private Running start() {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(200))
                        .handleBatch(FlightEffects::foldBatch));
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private String endSessions() {
        // It waits for them: what follows would wait for 5 s only.
        return "select pg_terminate_backend(pid, 180000) from pg_stat_activity where datname = '" + name + "'";
    }

    private void administer(String... statements) {
        try (Connection c = database.server().connect("postgres");
                Statement s = c.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
