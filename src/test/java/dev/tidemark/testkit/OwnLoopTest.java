package dev.tidemark.testkit;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.errors.FencedException;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import dev.tidemark.offsets.ClaimingConsumerBuilder;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tests that are a poll loop themselves. */
public abstract class OwnLoopTest {
    private static final Logger LOG = LoggerFactory.getLogger(OwnLoopTest.class);

    protected final KafkaServer kafka = Servers.kafka();
    protected final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    protected final HikariDataSource pool = database.pool(8);
    protected final KafkaProducer<String, String> producer = kafka.producer();
    protected final List<Flight> flights = Flights.sample();

    @AfterEach
    void closeClients() {
        producer.close();
        Awaitility.await("all connections are back in the pool")
                .until(() -> pool.getHikariPoolMXBean() == null
                        || pool.getHikariPoolMXBean().getActiveConnections() == 0);
        pool.close();
    }

    protected final String topic(int partitions) {
        return kafka.createTopic(Servers.unique("own"), partitions);
    }

    protected final ClaimingConsumer<String, String> open(
            String topic,
            Map<String, Object> config,
            Function<ClaimingConsumerBuilder<String, String>, ClaimingConsumerBuilder<String, String>> special) {
        return special.apply(Tidemark.claimingConsumer(config)
                        .deserializers(new StringDeserializer(), new StringDeserializer())
                        .topics(topic)
                        .database(pool))
                .open();
    }

    /** A consumer of a group that is called like the topic, with small polls. */
    protected final ClaimingConsumer<String, String> open(String topic) {
        return open(topic, config(topic, "cooperative"), builder -> builder);
    }

    protected final Map<String, Object> config(String topic, String protocol) {
        Map<String, Object> config = kafka.consumerConfig(topic, protocol);
        config.put("max.poll.records", "100");
        return config;
    }

    /** Polls until something comes. */
    protected static ClaimedRecords<String, String> next(ClaimingConsumer<String, String> consumer) {
        return Awaitility.await("records")
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .until(() -> consumer.poll(Duration.ofMillis(500)), batch -> !batch.isEmpty());
    }

    /** Applies records and confirms them. */
    protected final void apply(ClaimedRecords<String, String> batch) throws SQLException {
        commit(batch);
        batch.confirm();
    }

    /** Applies records and says nothing of it. */
    protected final void commit(ClaimedRecords<String, String> batch) throws SQLException {
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            try {
                FlightEffects.foldBatch(batch.records(), Jdbi.open(c));
                batch.advance(c);
                c.commit();
            } catch (SQLException | RuntimeException e) {
                c.rollback();
                throw e;
            }
        }
    }

    /** Applies records until the group has applied this many. */
    protected final void readTo(ClaimingConsumer<String, String> consumer, String topic, long progress)
            throws SQLException {
        while (ExactlyOnce.progress(database, topic) < progress) {
            apply(next(consumer));
        }
    }

    /** As {@link #readTo}, by a loop that continues when it is fenced. */
    protected final void readOnTo(ClaimingConsumer<String, String> consumer, String topic, long progress)
            throws SQLException {
        while (ExactlyOnce.progress(database, topic) < progress) {
            ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(500));
            try {
                if (!batch.isEmpty()) {
                    apply(batch);
                }
            } catch (FencedException e) {
                LOG.debug("fenced", e);
            }
        }
    }

    protected final void reset(TopicPartition partition, long offset) {
        database.execute("select tidemark.reset_offset('" + partition.topic() + "', '" + partition.topic() + "', "
                + partition.partition() + ", " + offset + ")");
    }

    protected final void assertExact(String topic, int partitions) {
        ExactlyOnceAfterMoves.assertComplete(database, topic, kafka.logEnds(topic, partitions));
    }
}
