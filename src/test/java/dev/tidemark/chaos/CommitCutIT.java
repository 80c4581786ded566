package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.CommitProxy;
import dev.tidemark.testkit.postgres.CommitProxy.Cut;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The connection is cut at the two places where a client cannot know whether its commit took effect. */
class CommitCutIT {
    private static final int CUTS = 10;

    @Tag("exhaustive")
    @Provokes(ErrorCode.COMMIT_UNKNOWN)
    @ParameterizedTest
    @EnumSource(
            value = Cut.class,
            names = {"BEFORE_COMMIT", "AFTER_COMMIT"})
    void aCutCommitIsNeitherLostNorDoubled(Cut cut) throws IOException {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic(Servers.unique("cut"), 3);
        List<Flight> flights = Flights.sample();
        try (var producer = kafka.producer();
                CommitProxy proxy = new CommitProxy(database.server().port());
                HikariDataSource pool = TestDatabase.pool(
                        database.jdbcUrl().replace(":" + database.server().port() + "/", ":" + proxy.port() + "/"),
                        2)) {
            try (TidemarkConsumer consumer = Tidemark.consumer(kafka.consumerConfig(topic, "cooperative"))
                    .topics(topic)
                    .deserializers(StringDeserializer::new, StringDeserializer::new)
                    .database(pool)
                    .limits(UnitLimits.defaults().withMaxRecords(50))
                    .handleBatch(FlightEffects::foldBatch)) {
                CompletableFuture<Void> run = CompletableFuture.runAsync(consumer, Threads.named("test-run"));
                int part = flights.size() / (CUTS + 1);
                for (int i = 0; i < CUTS; i++) {
                    int cutsBefore = proxy.cuts();
                    proxy.cutNext(cut);
                    Servers.produce(producer, topic, flights.subList(i * part, (i + 1) * part));
                    Awaitility.await("the cut").until(() -> run.isDone() || proxy.cuts() > cutsBefore);
                }
                int last = flights.size() - 1;
                Servers.produce(producer, topic, flights.subList(CUTS * part, last));
                awaitProgress(run, database, topic, last);
                // The very last unit too: after it no other can reveal that its outcome was only guessed.
                proxy.cutNext(cut);
                Servers.produce(producer, topic, flights.subList(last, flights.size()));
                awaitProgress(run, database, topic, flights.size());
                consumer.stop();
                run.join();
            }
            assertThat(proxy.cuts()).isEqualTo(CUTS + 1);
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 3), Flights.truth(flights));
    }

    private static void awaitProgress(CompletableFuture<Void> run, TestDatabase database, String topic, long count) {
        Awaitility.await("progress to " + count)
                .until(() -> run.isDone() || ExactlyOnce.progress(database, topic) == count);
    }
}
