package dev.tidemark.docs;

import dev.tidemark.BatchHandler;
import dev.tidemark.Tidemark;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import java.sql.Connection;
import java.time.Duration;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A poll loop of one's own; docs/own-loop.md shows its middle. */
final class OwnLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnLoop.class);

    private final Map<String, Object> config;
    private final DataSource pool;
    private final String topic;
    private final BatchHandler<String, String> effects;
    private volatile boolean stopped;

    OwnLoop(Map<String, Object> config, DataSource pool, String topic, BatchHandler<String, String> effects) {
        this.config = config;
        this.pool = pool;
        this.topic = topic;
        this.effects = effects;
    }

    void stop() {
        stopped = true;
    }

    // docs: own-loop
    @Override
    public void run() {
        try (ClaimingConsumer<String, String> consumer = Tidemark.claimingConsumer(config) // brokers, group.id
                .deserializers(new StringDeserializer(), new StringDeserializer())
                .topics(topic)
                .database(pool) // two connections: one is the consumer's own, for claims
                .open()) {
            while (!stopped) {
                ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(500));
                if (!batch.isEmpty()) {
                    apply(batch);
                }
            }
        }
    }

    private void apply(ClaimedRecords<String, String> batch) {
        try (Connection c = pool.getConnection()) {
            c.setAutoCommit(false);
            try {
                effects.handle(batch.records(), Jdbi.open(c));
                batch.advance(c); // the last statement before the commit
                c.commit();
                batch.confirm();
            } catch (Exception e) {
                c.rollback();
                throw e;
            }
        } catch (Exception e) {
            // Failed, fenced or unknown: the next poll finds out, and returns again what did not take effect.
            LOG.warn("not confirmed: {}", e.getClass().getSimpleName());
        }
    }
    // docs: end
}
