package dev.tidemark.bench.scale;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What a consumer that has nothing to read asks of the database. */
public final class AtRest {
    static final int PARTITIONS = 8;
    private static final Duration SETTLING = Duration.ofSeconds(10);
    private static final Duration WATCHED = Duration.ofSeconds(60);

    private AtRest() {}

    /**
     * What was counted in a minute.
     *
     * @param statements what was executed, without begin and commit
     */
    public record Figures(int partitions, long statements) {}

    static Figures run(Lab lab, String topic) throws Exception {
        TestDatabase database = lab.postgres().createDatabase();
        database.migrate();
        try (var producer = lab.kafka().producer()) {
            for (int p = 0; p < PARTITIONS; p++) {
                producer.send(new ProducerRecord<>(topic, p, null, "x")).get();
            }
        }
        try (HikariDataSource pool = database.pool(5)) {
            CountingDataSource counting = new CountingDataSource(pool);
            TidemarkConsumer consumer = Tidemark.consumer(lab.kafka().consumerConfig(topic, "cooperative"))
                    .deserializers(StringDeserializer::new, StringDeserializer::new)
                    .database(counting.counted())
                    .topics(topic)
                    .handle((record, tx) -> {});
            CompletableFuture<Void> run =
                    CompletableFuture.runAsync(consumer, task -> new Thread(task, "at-rest").start());
            Waits.until("all read", () -> ExactlyOnce.progress(database, topic) == PARTITIONS);
            if (Waits.isDone(run, SETTLING)) {
                run.join();
            }
            CountingDataSource.Counts before = counting.counts();
            if (Waits.isDone(run, WATCHED)) {
                run.join();
            }
            CountingDataSource.Counts counted = counting.counts().since(before);
            consumer.close();
            run.join();
            return new Figures(PARTITIONS, counted.statements());
        }
    }
}
