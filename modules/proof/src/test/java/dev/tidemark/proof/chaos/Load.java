package dev.tidemark.proof.chaos;

import dev.tidemark.proof.kit.Transfers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;

/** Sends records to all partitions in turn, at a steady rate, until it is stopped; can pause. */
public final class Load implements AutoCloseable {
    private final Supplier<KafkaProducer<String, String>> producers;
    private final Transfers transfers;
    private final String topic;
    private final int perSecond;
    private final AtomicLong sent = new AtomicLong();
    private final Object turn = new Object();
    private KafkaProducer<String, String> producer;
    private volatile int partitions;
    private volatile boolean stopped;
    private CompletableFuture<Void> running = CompletableFuture.completedFuture(null);

    Load(
            Supplier<KafkaProducer<String, String>> producers,
            Transfers transfers,
            String topic,
            int partitions,
            int perSecond) {
        this.producers = producers;
        this.producer = producers.get();
        this.transfers = transfers;
        this.topic = topic;
        this.partitions = partitions;
        this.perSecond = perSecond;
    }

    void start() {
        running = CompletableFuture.runAsync(this::run, task -> {
            Thread thread = new Thread(task, "chaos-load");
            thread.setDaemon(true);
            thread.start();
        });
    }

    private void run() {
        long due = System.nanoTime();
        while (!stopped) {
            // What was missed while it paused is not made up for.
            due = Math.max(due + 1_000_000_000L / perSecond, System.nanoTime());
            synchronized (turn) {
                sendOne();
            }
            LockSupport.parkNanos(due - System.nanoTime());
        }
    }

    private void sendOne() {
        int partition = (int) (sent.getAndIncrement() % partitions);
        // One that fails is not in the log, which is the truth.
        var unused = producer.send(transfers.next(topic, partition, partitions));
    }

    /** Sends so many now. */
    public void burst(int records) {
        synchronized (turn) {
            for (int i = 0; i < records; i++) {
                sendOne();
            }
            producer.flush();
        }
    }

    /** Does something while nothing is sent, and all that was sent has arrived. */
    public void pausedWhile(Runnable task) {
        synchronized (turn) {
            producer.flush();
            task.run();
        }
    }

    /** Goes on with another producer, as the topic is another one. */
    public void renew() {
        synchronized (turn) {
            producer.close();
            producer = producers.get();
        }
    }

    /** Sends so many with another producer, to all partitions, in its transaction. */
    public void sendWith(KafkaProducer<String, String> other, int records) {
        synchronized (turn) {
            for (int i = 0; i < records; i++) {
                var unused = other.send(transfers.next(topic, i % partitions, partitions));
            }
            other.flush();
        }
    }

    /** From now on it sends to so many partitions. */
    void spreadTo(int count) {
        partitions = count;
    }

    void stop() {
        stopped = true;
        running.join();
        producer.flush();
    }

    @Override
    public void close() {
        stopped = true;
        running.join();
        producer.close();
    }
}
