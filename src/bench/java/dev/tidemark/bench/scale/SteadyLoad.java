package dev.tidemark.bench.scale;

import dev.tidemark.testkit.kafka.KafkaServer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Records at a steady rate, to each partition in turn, until it is closed. */
final class SteadyLoad implements AutoCloseable {
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private final CompletableFuture<Void> done;
    private volatile boolean over;

    private SteadyLoad(KafkaServer kafka, String topic, int partitions, int perSecond) {
        this.done = CompletableFuture.runAsync(
                () -> send(kafka, topic, partitions, perSecond), task -> new Thread(task, "load").start());
    }

    static SteadyLoad start(KafkaServer kafka, String topic, int partitions, int perSecond) {
        return new SteadyLoad(kafka, topic, partitions, perSecond);
    }

    private void send(KafkaServer kafka, String topic, int partitions, int perSecond) {
        try (KafkaProducer<String, String> producer = kafka.producer()) {
            long begin = System.nanoTime();
            for (long i = 0; !over; i++) {
                LockSupport.parkNanos(begin + i * 1_000_000_000L / perSecond - System.nanoTime());
                Future<RecordMetadata> unused = producer.send(
                        new ProducerRecord<>(topic, (int) (i % partitions), null, "steady"), (sent, failed) -> {
                            if (failed != null) {
                                failure.set(failed);
                            }
                        });
            }
        }
    }

    /** Throws if a record was not accepted. */
    void check() {
        Exception failed = failure.get();
        if (failed != null) {
            throw new IllegalStateException(failed);
        }
    }

    @Override
    public void close() {
        over = true;
        done.join();
    }
}
