package dev.tidemark.lifecycle;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
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
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One consumer, nothing goes wrong: the smallest run of the whole thing, in each group protocol. */
class FlightsIT {
    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void everyFlightIsFoldedOnce(String protocol) {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic(Servers.unique("flights"), 4);
        List<Flight> flights = Flights.sample();
        try (var producer = kafka.producer();
                HikariDataSource pool = database.pool(3)) {
            Servers.produce(producer, topic, flights);
            try (TidemarkConsumer consumer = Tidemark.consumer(kafka.consumerConfig(topic, protocol))
                    .topics(topic)
                    .deserializers(StringDeserializer::new, StringDeserializer::new)
                    .database(pool)
                    .workers(2)
                    .handleBatch(FlightEffects::foldBatch)) {
                CompletableFuture<Void> run = CompletableFuture.runAsync(consumer, Threads.named("test-run"));
                Awaitility.await().until(() -> run.isDone() || ExactlyOnce.progress(database, topic) == flights.size());
                consumer.stop();
                run.join();
            }
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 4), Flights.truth(flights));
    }
}
