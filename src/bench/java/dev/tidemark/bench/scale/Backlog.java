package dev.tidemark.bench.scale;

import dev.tidemark.testkit.kafka.KafkaServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Records in every partition of a topic, before they are read. */
final class Backlog {
    private Backlog() {}

    /** Sends as many to each partition, in a few large batches, and checks that all arrived. */
    static void produce(KafkaServer kafka, String topic, int partitions, int recordsEach, int recordBytes) {
        String value = "x".repeat(recordBytes);
        Map<String, Object> large =
                Map.of("batch.size", Integer.toString(recordsEach * (recordBytes + 50)), "linger.ms", "50");
        try (KafkaProducer<String, String> producer = kafka.producer(large)) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int partition = 0; partition < partitions; partition++) {
                for (int i = 0; i < recordsEach; i++) {
                    sent.add(producer.send(new ProducerRecord<>(topic, partition, null, value)));
                }
            }
            producer.flush();
            for (Future<RecordMetadata> future : sent) {
                RecordMetadata unused = future.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
