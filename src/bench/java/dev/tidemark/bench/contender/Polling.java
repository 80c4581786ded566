package dev.tidemark.bench.contender;

import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What Kafka gives: polled and decoded by one thread, written nowhere. */
public final class Polling implements Contender {
    public static void main(String[] args) throws Exception {
        Contender.main(args, new Polling());
    }

    @Override
    public void run(Task task, Meter meter) {
        try (KafkaConsumer<byte[], Flight> consumer =
                new KafkaConsumer<>(task.consumer(), new ByteArrayDeserializer(), new FlightDeserializer())) {
            consumer.subscribe(List.of(task.topic()));
            while (!meter.isDone()) {
                long miles = 0;
                int polled = 0;
                for (ConsumerRecord<byte[], Flight> record : consumer.poll(Duration.ofMillis(100))) {
                    miles += record.value().distance();
                    polled++;
                }
                if (miles > 0) {
                    meter.committed(polled);
                }
            }
        }
    }
}
