package dev.tidemark.bench.parallelconsumer;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import io.confluent.parallelconsumer.PollContext;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Confluent's Parallel Consumer in batches, a transaction for each; {@code unordered}, {@code key} or {@code partition}. At-least-once.
 *
 * <p>Tuned: offsets committed in the background every five seconds, which is its fastest way; a pooled connection for each worker; polls as
 * large as a batch; a buffer well above its own, which starts at two batches for each worker and grows only slowly.
 */
public final class ParallelConsumer implements Contender {
    private static final int BUFFERED_BATCHES = 20;

    public static void main(String[] args) throws Exception {
        Contender.main(args, new ParallelConsumer());
    }

    @Override
    public void run(Task task, Meter meter) throws Exception {
        try (HikariDataSource pool = new HikariDataSource()) {
            pool.setJdbcUrl(task.jdbcUrl());
            pool.setMaximumPoolSize(task.workers());
            pool.setAutoCommit(false);
            ParallelConsumerOptions<byte[], Flight> options = ParallelConsumerOptions.<byte[], Flight>builder()
                    .consumer(
                            new KafkaConsumer<>(task.consumer(), new ByteArrayDeserializer(), new FlightDeserializer()))
                    .ordering(ProcessingOrder.valueOf(task.variant().toUpperCase(Locale.ROOT)))
                    .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
                    .maxConcurrency(task.workers())
                    .batchSize(task.unitRecords())
                    .messageBufferSize(BUFFERED_BATCHES * task.workers() * task.unitRecords())
                    .build();
            ParallelStreamProcessor<byte[], Flight> processor =
                    ParallelStreamProcessor.createEosStreamProcessor(options);
            processor.subscribe(List.of(task.topic()));
            processor.poll(context -> handle(context, task, meter, pool));
            meter.await(PATIENCE);
            processor.closeDontDrainFirst();
        }
    }

    private static void handle(PollContext<byte[], Flight> context, Task task, Meter meter, DataSource pool) {
        List<ConsumerRecord<byte[], Flight>> records = context.getConsumerRecordsFlattened();
        List<Flight> flights = new ArrayList<>(records.size());
        records.forEach(record -> flights.add(record.value()));
        try (Connection c = pool.getConnection()) {
            task.effect().apply(c, flights);
            c.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        meter.committed(flights.size());
        if (task.latency()) {
            records.forEach(record -> meter.arrived(Meter.sent(record.headers())));
        }
    }
}
