package dev.tidemark.bench;

import dev.tidemark.bench.Records.Spread;
import dev.tidemark.bench.kit.Effect;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** A real broker and a real PostgreSQL, and the topics that were filled for the cells. */
final class Rig implements AutoCloseable {
    /** Durable as by default; with room, so that no checkpoint falls into one contender's seconds and not into another's. */
    private static final Map<String, String> POSTGRES = Map.of(
            "shared_buffers", "512MB", "max_wal_size", "8GB", "checkpoint_timeout", "1h", "track_functions", "none");

    final KafkaServer kafka;
    final EmbeddedPostgresServer postgres;
    final Records records = new Records();
    private final Set<String> filled = new HashSet<>();
    private final long postmaster;
    private int databases;

    Rig() {
        this.kafka = KafkaServer.startStrong(Servers.directory("bench-kafka"));
        this.postgres = EmbeddedPostgresServer.start(POSTGRES);
        TestDatabase any = postgres.createDatabase("benchmark");
        String directory = any.superuser()
                .query("select current_setting('data_directory')")
                .get(0);
        this.postmaster = CpuTime.postmaster(Path.of(directory)).orElse(0);
    }

    /** What the database server has used of the processors so far, in nanoseconds. */
    long serverCpu() {
        return CpuTime.ofTree(postmaster);
    }

    /** A new database with the tables of the effects, right after a checkpoint. */
    TestDatabase database() {
        TestDatabase database = postgres.createDatabase("bench" + ++databases);
        database.owner().execute(Effect.TABLES.toArray(String[]::new));
        database.superuser().execute("checkpoint");
        settleDisk();
        return database;
    }

    /** What earlier runs and the filling of topics left to be written would stand in the way of the commits that are measured. */
    private static void settleDisk() {
        try {
            int unused = new ProcessBuilder("sync").start().waitFor();
        } catch (IOException e) {
            // Not every system has it; then the first seconds are less quiet.
            System.out.println("no sync here: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void drop(TestDatabase database) {
        try (Connection c = postgres.connect("postgres");
                Statement s = c.createStatement()) {
            s.execute("drop database " + database.name() + " with (force)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Creates a topic that is ready for a fast producer. */
    void createTopic(String topic, int partitions) {
        kafka.createTopic(topic, partitions);
        // Answered by the leaders themselves: who sends before they know that they lead can lose records.
        int leaders = kafka.logEnds(topic, partitions).size();
        if (leaders < partitions) {
            throw new IllegalStateException(leaders + " leaders of " + partitions);
        }
    }

    /** Fills a topic, unless it is there. */
    void fill(String topic, Spread spread, int partitions, long count) {
        if (!filled.add(topic)) {
            return;
        }
        createTopic(topic, partitions);
        AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (long i = 0; i < count; i++) {
                var unused = producer.send(
                        new ProducerRecord<>(
                                topic,
                                records.partition(spread, i, partitions),
                                key(spread, i),
                                records.sample.value(i)),
                        (metadata, e) -> {
                            if (e != null) {
                                failure.set(e);
                            }
                        });
            }
        }
        Exception e = failure.get();
        if (e != null) {
            throw new IllegalStateException("a record was not accepted", e);
        }
    }

    private byte @Nullable [] key(Spread spread, long number) {
        return switch (spread) {
            case ROUND_ROBIN -> null;
            case ROUND_ROBIN_KEYS -> Long.toString(number % 1_000).getBytes(StandardCharsets.US_ASCII);
            case BY_ORIGIN -> records.flight(number).origin().getBytes(StandardCharsets.US_ASCII);
        };
    }

    KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>();
        config.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers());
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.LINGER_MS_CONFIG, "5");
        config.put(ProducerConfig.BATCH_SIZE_CONFIG, "131072");
        config.putAll(more);
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public void close() {
        kafka.close();
        postgres.close();
    }
}
