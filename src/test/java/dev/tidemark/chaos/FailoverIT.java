package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.LaggingReplica;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.Ports;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A replica that lags is promoted under a running consumer: what it lacks is a suffix, and it comes back from Kafka. */
@Tag("chaos")
@Tag("exhaustive")
class FailoverIT {
    private static final int PARTITIONS = 3;

    @Test
    void whatTheReplicaLacksIsReadAgain() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("failover"), PARTITIONS);
        List<Flight> flights = Flights.sample();
        try (EmbeddedPostgresServer primary = EmbeddedPostgresServer.start();
                var producer = kafka.producer()) {
            TestDatabase before = Servers.flightDatabase(primary);
            int standby = Ports.free();
            String both = before.jdbcUrl()
                            .replace(
                                    "localhost:" + primary.port(),
                                    "localhost:" + primary.port() + ",localhost:" + standby)
                    + "&targetServerType=primary&hostRecheckSeconds=1";
            try (Running running = start(kafka, topic, both)) {
                Servers.produce(producer, topic, flights.subList(0, 5_000));
                running.until("all read", () -> ExactlyOnce.progress(before, topic) == 5_000);
                // Idle when the copy is made, so that the claim is the same on both servers.
                try (LaggingReplica replica = new LaggingReplica(primary, standby)) {
                    TestDatabase after = replica.copyOf(before);
                    Load load = Load.start(producer, topic, flights.subList(5_000, flights.size()), 1, 6_000, true);
                    running.until("the replica lags", () -> ExactlyOnce.progress(before, topic) >= 9_000);
                    assertThat(ExactlyOnce.progress(after, topic)).isEqualTo(5_000);
                    assertThat(owners(before)).isEqualTo(owners(after));
                    replica.failOver();
                    load.join();
                    running.until("all read", () -> ExactlyOnce.progress(after, topic) == flights.size());
                    running.close();
                    ExactlyOnce.assertComplete(after, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(flights));
                }
            }
        }
    }

    private static List<String> owners(TestDatabase database) {
        return database.query("select partition, owner_token from tidemark.stored_offset order by 1");
    }

    private static Running start(KafkaServer kafka, String topic, String jdbcUrl) {
        return Running.start(
                TestDatabase.pool(jdbcUrl, 3),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(200))
                        .handleBatch(FlightEffects::foldBatch));
    }
}
