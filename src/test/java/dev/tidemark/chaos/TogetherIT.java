package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.internal.store.schema.SchemaCheck;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Twelve instances start at once on an empty database: all migrate and so own the store, all bind, and every record takes effect once. */
@Tag("chaos")
@Tag("exhaustive")
class TogetherIT {
    private static final int INSTANCES = 12;

    @Test
    void twelveInstancesStartAtOnceOnAnEmptyDatabase() {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.postgres().createDatabase();
        FlightEffects.createTables(database);
        String topic = kafka.createTopic(Servers.unique("together"), INSTANCES);
        List<Flight> flights = Flights.sample();
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
        CyclicBarrier start = new CyclicBarrier(INSTANCES);
        List<CompletableFuture<Running>> instances = new ArrayList<>();
        for (int i = 0; i < INSTANCES; i++) {
            CompletableFuture<Running> instance = new CompletableFuture<>();
            instances.add(instance);
            new Thread(
                            () -> {
                                try {
                                    int unused = start.await();
                                    TidemarkSchema.migrate(database.owner().dataSource());
                                    instance.complete(Running.start(
                                            database.owner().pool(5),
                                            kafka.consumerConfig(topic, "cooperative"),
                                            builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch)));
                                } catch (Exception e) {
                                    instance.completeExceptionally(e);
                                }
                            },
                            "instance")
                    .start();
        }
        try {
            instances.forEach(CompletableFuture::join);
            database.grantAccess("tidemark");
            Awaitility.await("all flights").until(() -> ExactlyOnce.progress(database, topic) == flights.size());
        } finally {
            instances.stream()
                    .filter(i -> i.isDone() && !i.isCompletedExceptionally())
                    .parallel()
                    .forEach(i -> i.join().close());
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, INSTANCES), Flights.truth(flights));
        assertThat(
                        database.owner()
                                .query(
                                        "select version, success from tidemark.tidemark_schema_history where type = 'SQL' order by installed_rank"))
                .as("each migration ran once")
                .containsExactlyElementsOf(IntStream.rangeClosed(1, SchemaCheck.SCHEMA_VERSION)
                        .mapToObj(version -> version + "|t")
                        .toList());
    }
}
