package dev.tidemark.bench.contender;

import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The loops that people write: {@code textbook} commits each record with its offset, {@code diligent} each poll. One thread, one
 * connection.
 */
public final class Loop implements Contender {
    public static void main(String[] args) throws Exception {
        Contender.main(args, new Loop());
    }

    @Override
    public void run(Task task, Meter meter) throws Exception {
        boolean textbook = task.variant().equals("textbook");
        try (Connection c = DriverManager.getConnection(task.jdbcUrl());
                KafkaConsumer<byte[], Flight> consumer =
                        new KafkaConsumer<>(task.consumer(), new ByteArrayDeserializer(), new FlightDeserializer())) {
            c.setAutoCommit(false);
            OffsetTable offsets = new OffsetTable(c);
            consumer.subscribe(List.of(task.topic()), offsets.seeking(consumer));
            while (!meter.isDone()) {
                ConsumerRecords<byte[], Flight> records = consumer.poll(Duration.ofMillis(100));
                if (textbook) {
                    oneByOne(task, meter, c, offsets, records);
                } else if (!records.isEmpty()) {
                    atOnce(task, meter, c, offsets, records);
                }
            }
        }
    }

    private static void oneByOne(
            Task task, Meter meter, Connection c, OffsetTable offsets, ConsumerRecords<byte[], Flight> records)
            throws SQLException {
        for (ConsumerRecord<byte[], Flight> record : records) {
            task.effect().apply(c, List.of(record.value()));
            offsets.save(new TopicPartition(record.topic(), record.partition()), record.offset() + 1);
            c.commit();
            meter.committed(1);
            if (task.latency()) {
                meter.arrived(Meter.sent(record.headers()));
            }
        }
    }

    private static void atOnce(
            Task task, Meter meter, Connection c, OffsetTable offsets, ConsumerRecords<byte[], Flight> records)
            throws SQLException {
        List<Flight> flights = new ArrayList<>(records.count());
        Map<TopicPartition, Long> next = new HashMap<>();
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], Flight>> read = records.records(partition);
            read.forEach(record -> flights.add(record.value()));
            next.put(partition, read.get(read.size() - 1).offset() + 1);
        }
        task.effect().apply(c, flights);
        offsets.save(next);
        c.commit();
        meter.committed(flights.size());
        if (task.latency()) {
            records.forEach(record -> meter.arrived(Meter.sent(record.headers())));
        }
    }
}
