package dev.tidemark;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Jdbi;

/** A poll loop of one's own around an {@link OffsetStore}; docs/own-loop.md shows its middle. */
final class OwnLoop implements Runnable, AutoCloseable {
    private final Map<String, Object> config;
    private final HikariDataSource pool;
    private final String topic;
    private final BatchHandler<String, String> effects;
    private volatile boolean stopped;

    OwnLoop(Map<String, Object> config, HikariDataSource pool, String topic, BatchHandler<String, String> effects) {
        this.config = config;
        this.pool = pool;
        this.topic = topic;
        this.effects = effects;
    }

    void stop() {
        stopped = true;
    }

    @Override
    public void run() {
        Map<String, Object> adminConfig = Map.of("bootstrap.servers", String.valueOf(config.get("bootstrap.servers")));
        try (Admin admin = Admin.create(adminConfig);
                Consumer<String, String> consumer = new KafkaConsumer<>(config)) {
            loop(admin, consumer);
        }
    }

    // docs: own-loop
    private void loop(Admin admin, Consumer<String, String> consumer) {
        OffsetStore store = OffsetStore.of(topic);
        Map<TopicPartition, Claim> claims = new HashMap<>();
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
                claim(admin, consumer, store, claims, assigned);
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                List<Claim> given = new ArrayList<>();
                for (TopicPartition partition : revoked) {
                    Claim claim = claims.remove(partition);
                    if (claim != null) {
                        given.add(claim);
                    }
                }
                transact(c -> {
                    store.release(c, given);
                    return given;
                });
            }
        });
        while (!stopped) {
            ConsumerRecords<String, String> polled = consumer.poll(Duration.ofMillis(100));
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            Map<Claim, Position> moves = new HashMap<>();
            for (ConsumerRecord<String, String> record : polled) {
                Claim claim = claims.get(new TopicPartition(record.topic(), record.partition()));
                if (claim != null) {
                    records.add(record);
                    moves.put(claim, Position.after(record));
                }
            }
            if (moves.isEmpty()) {
                continue;
            }
            try {
                // The claims that an advance returns are good only once its transaction has committed.
                claims.putAll(transact(c -> {
                    effects.handle(records, Jdbi.open(c));
                    return store.advance(c, moves);
                }));
            } catch (RuntimeException e) {
                // Fenced, or nobody knows whether the commit took effect: the claim reads what is true.
                claim(admin, consumer, store, claims, Set.copyOf(consumer.assignment()));
            }
        }
    }

    private void claim(
            Admin admin,
            Consumer<String, String> consumer,
            OffsetStore store,
            Map<TopicPartition, Claim> claims,
            Collection<TopicPartition> partitions) {
        TopicBinding binding = store.resolve(admin, topic, StartPosition.earliest(), IsolationLevel.READ_COMMITTED);
        Map<TopicPartition, Claim> made = transact(c -> {
            store.bind(c, binding);
            return store.claim(c, partitions);
        });
        claims.putAll(made);
        made.forEach((partition, claim) ->
                consumer.seek(partition, new OffsetAndMetadata(claim.position().nextOffset())));
    }
    // docs: end

    /** What is done in a transaction. */
    private interface Work<T> {
        T apply(Connection c) throws Exception;
    }

    private <T> T transact(Work<T> work) {
        try (Connection c = pool.getConnection()) {
            c.setAutoCommit(false);
            try {
                T result = work.apply(c);
                c.commit();
                return result;
            } catch (Exception e) {
                c.rollback();
                throw new IllegalStateException(e);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
