package dev.tidemark.bench.springkafka;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Effect;
import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.ContainerProperties.AckMode;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Spring Kafka's batch listener with a transaction of JdbcTemplate's for each poll, then Kafka's commit: {@code batch} is at-least-once,
 * {@code inbox} notes each record's offset in a table and leaves out what is there.
 *
 * <p>Tuned: polls as large as a unit, one pooled connection for each listener thread, connections without autocommit, Kafka's commit
 * not waited for (the database's is, and a lost one only means that records come again).
 */
public final class SpringKafka implements Contender {
    public static void main(String[] args) throws Exception {
        Contender.main(args, new SpringKafka());
    }

    @Override
    public void run(Task task, Meter meter) throws Exception {
        try (HikariDataSource pool = new HikariDataSource()) {
            pool.setJdbcUrl(task.jdbcUrl());
            pool.setMaximumPoolSize(task.workers());
            pool.setAutoCommit(false);
            JdbcTemplate jdbc = new JdbcTemplate(pool);
            TransactionTemplate transaction = new TransactionTemplate(new DataSourceTransactionManager(pool));
            boolean inbox = task.variant().equals("inbox");
            if (inbox) {
                transaction.executeWithoutResult(status -> Inbox.create(jdbc));
            }
            BatchMessageListener<byte[], Flight> listener = records -> {
                transaction.executeWithoutResult(
                        status -> write(task.effect(), jdbc, inbox ? Inbox.fresh(jdbc, records) : records));
                meter.committed(records.size());
                if (task.latency()) {
                    records.forEach(record -> meter.arrived(Meter.sent(record.headers())));
                }
            };
            ConcurrentMessageListenerContainer<byte[], Flight> container = container(task, listener);
            container.start();
            meter.await(PATIENCE);
            container.stop();
        }
    }

    private static ConcurrentMessageListenerContainer<byte[], Flight> container(
            Task task, BatchMessageListener<byte[], Flight> listener) {
        ContainerProperties properties = new ContainerProperties(task.topic());
        properties.setAckMode(AckMode.BATCH);
        properties.setSyncCommits(false);
        properties.setMessageListener(listener);
        DefaultKafkaConsumerFactory<byte[], Flight> consumers =
                new DefaultKafkaConsumerFactory<>(task.consumer(), ByteArrayDeserializer::new, FlightDeserializer::new);
        ConcurrentMessageListenerContainer<byte[], Flight> container =
                new ConcurrentMessageListenerContainer<>(consumers, properties);
        container.setConcurrency(task.workers());
        return container;
    }

    private static void write(Effect effect, JdbcTemplate jdbc, List<ConsumerRecord<byte[], Flight>> records) {
        List<Flight> flights = new ArrayList<>(records.size());
        records.forEach(record -> flights.add(record.value()));
        if (flights.isEmpty()) {
            return;
        }
        if (effect == Effect.MULTI_ROW) {
            jdbc.batchUpdate(Effect.INSERT, flights, flights.size(), Effect::bind);
        } else {
            jdbc.execute((ConnectionCallback<Void>) connection -> {
                effect.apply(connection, flights);
                return null;
            });
        }
    }
}
