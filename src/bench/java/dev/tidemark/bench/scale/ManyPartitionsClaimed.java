package dev.tidemark.bench.scale;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.PartitionState;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;

/** How long one process takes to claim very many partitions, and what it asks the database for that. */
public final class ManyPartitionsClaimed {
    private static final int TOPICS = 10;
    private static final int REPEATS = 5;

    private ManyPartitionsClaimed() {}

    /**
     * What was seen; target: below a second, with a handful of statements.
     *
     * @param store claims through the store alone: the first, right after the rows were written, and the median of the next ones,
     *     each by another owner
     * @param consumers whole consumers on the broker, by protocol
     */
    public record Figures(int partitions, StoreFigures store, Map<String, ConsumerFigures> consumers) {}

    /** One claim of all partitions in one transaction. */
    public record StoreFigures(double firstSeconds, double seconds, long statements, long transactions) {}

    /**
     * From the first look that shows partitions assigned to the one that shows all of them running.
     *
     * @param partitions on the broker
     * @param firstSeconds when the group meets the topic for the first time, and binds it too
     * @param statements sent meanwhile by the later start, by whatever part of the consumer
     */
    public record ConsumerFigures(
            int partitions, double firstSeconds, double seconds, long statements, long transactions) {}

    /**
     * Runs it in under a minute.
     *
     * @param partitions how many the store claims
     * @param topics that exist, empty
     * @param topicPartitions how many partitions they have together
     */
    public static Figures run(Lab lab, int partitions, List<String> topics, int topicPartitions) throws SQLException {
        StoreFigures store = store(lab, partitions);
        lab.say("claim of %,d partitions in the store: %.0f ms, %d statements"
                .formatted(partitions, store.seconds() * 1e3, store.statements()));
        Map<String, ConsumerFigures> consumers = new HashMap<>();
        for (String protocol : List.of("cooperative", "consumer")) {
            ConsumerFigures figures = consumer(lab, protocol, topics, topicPartitions);
            lab.say("claim of %,d partitions by a consumer (%s): first %.0f ms, then %.0f ms, %d statements"
                    .formatted(
                            topicPartitions,
                            protocol,
                            figures.firstSeconds() * 1e3,
                            figures.seconds() * 1e3,
                            figures.statements()));
            consumers.put(protocol, figures);
        }
        return new Figures(partitions, store, Map.copyOf(consumers));
    }

    private static StoreFigures store(Lab lab, int count) throws SQLException {
        TestDatabase database = migrated(lab);
        ClaimStore store = new ClaimStore(new Schema("tidemark"), "scale");
        Map<String, Identity> topics = new HashMap<>();
        List<TopicPartition> partitions = new ArrayList<>();
        Map<Integer, Long> starts = new HashMap<>();
        IntStream.range(0, count / TOPICS).forEach(p -> starts.put(p, 0L));
        for (int t = 0; t < TOPICS; t++) {
            String topic = "topic-" + t;
            topics.put(topic, new Identity("cluster", Optional.of("id-" + t), starts.size()));
            starts.keySet().forEach(p -> partitions.add(new TopicPartition(topic, p)));
        }
        try (HikariDataSource pool = database.pool(1)) {
            CountingDataSource counting = new CountingDataSource(pool);
            try (ControlConnection connection = new ControlConnection(counting.counted(), Duration.ofSeconds(10))) {
                connection.inTransaction(c -> {
                    for (Map.Entry<String, Identity> topic : topics.entrySet()) {
                        store.bindings().bind(c, topic.getKey(), topic.getValue(), Optional.of(starts), starts);
                    }
                    return count;
                });
                List<Double> seconds = new ArrayList<>();
                CountingDataSource.Counts before = counting.counts();
                for (int i = 0; i <= REPEATS; i++) {
                    String owner = "owner-" + i;
                    before = counting.counts();
                    long begin = System.nanoTime();
                    int claimed = connection.inTransaction(c -> store.claim(c, topics, partitions, owner, false)
                            .claimed()
                            .size());
                    seconds.add((System.nanoTime() - begin) / 1e9);
                    if (claimed != partitions.size()) {
                        throw new IllegalStateException("claimed " + claimed + " of " + partitions.size());
                    }
                }
                CountingDataSource.Counts asked = counting.counts().since(before);
                return new StoreFigures(
                        seconds.get(0),
                        Numbers.median(seconds.subList(1, seconds.size())),
                        asked.statements(),
                        asked.commits());
            }
        }
    }

    private static ConsumerFigures consumer(Lab lab, String protocol, List<String> topics, int partitions) {
        TestDatabase database = migrated(lab);
        Map<String, Object> kafka = lab.kafka().consumerConfig("claimed-" + protocol, protocol);
        Timed first = start(database, kafka, topics, partitions);
        List<Double> seconds = new ArrayList<>();
        Timed last = first;
        for (int i = 0; i < 3; i++) {
            last = start(database, kafka, topics, partitions);
            seconds.add(last.seconds());
        }
        return new ConsumerFigures(
                partitions,
                first.seconds(),
                Numbers.median(seconds),
                last.asked().statements(),
                last.asked().commits());
    }

    private record Timed(double seconds, CountingDataSource.Counts asked) {}

    private static Timed start(TestDatabase database, Map<String, Object> kafka, List<String> topics, int partitions) {
        try (HikariDataSource pool = database.pool(2)) {
            CountingDataSource counting = new CountingDataSource(pool);
            TidemarkConsumer consumer = Tidemark.consumer(kafka)
                    .topics(topics)
                    .database(counting.counted())
                    .handleBatch((records, tx) -> {});
            Thread run = new Thread(consumer, "claimed");
            run.start();
            try {
                Waits.until(
                        "an assignment", () -> !consumer.status().partitions().isEmpty());
                long begin = System.nanoTime();
                CountingDataSource.Counts before = counting.counts();
                Waits.until("all claimed", () -> running(consumer.status()) == partitions);
                return new Timed(
                        (System.nanoTime() - begin) / 1e9, counting.counts().since(before));
            } finally {
                consumer.close();
                join(run);
            }
        }
    }

    static long running(ConsumerStatus status) {
        return status.partitions().stream()
                .filter(p -> p.state() == PartitionState.RUNNING)
                .count();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static TestDatabase migrated(Lab lab) {
        TestDatabase database = lab.postgres().createDatabase();
        database.migrate();
        return database;
    }
}
