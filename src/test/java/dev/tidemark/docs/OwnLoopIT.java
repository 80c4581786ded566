package dev.tidemark.docs;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The loop of docs/own-loop.md, run while its offset is moved manually and a second loop joins the group. */
class OwnLoopIT {
    @Test
    void aLoopOfOnesOwnIsExactToo() {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic(Servers.unique("own-loop"), 4);
        List<Flight> flights = Flights.sample();
        try (var producer = kafka.producer();
                HikariDataSource pool = database.pool(4)) {
            OwnLoop first = loop(kafka, pool, topic);
            OwnLoop second = loop(kafka, pool, topic);
            CompletableFuture<Void> running = start(first);
            Servers.produce(producer, topic, flights.subList(0, 8_000));
            Awaitility.await().until(() -> ExactlyOnce.progress(database, topic) >= 8_000);
            database.owner()
                    .execute("begin; select 1 from tidemark.stored_offset for no key update;"
                            + " delete from applied where partition = 0 and record_offset >= 100;"
                            + " update tidemark.stored_offset set next_offset = 100 where partition = 0; commit");
            CompletableFuture<Void> joining = start(second);
            Servers.produce(producer, topic, flights.subList(8_000, flights.size()));
            Awaitility.await()
                    .until(() -> running.isDone()
                            || joining.isDone()
                            || ExactlyOnce.progress(database, topic) == flights.size());
            first.stop();
            second.stop();
            running.join();
            joining.join();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private static CompletableFuture<Void> start(OwnLoop loop) {
        return CompletableFuture.runAsync(loop, Threads.named("own-loop"));
    }

    private static OwnLoop loop(KafkaServer kafka, HikariDataSource pool, String topic) {
        return new OwnLoop(kafka.consumerConfig(topic, "cooperative"), pool, topic, FlightEffects::foldBatch);
    }
}
