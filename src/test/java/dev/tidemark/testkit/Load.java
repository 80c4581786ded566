package dev.tidemark.testkit;

import dev.tidemark.testkit.Flights.Flight;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Sends flights at a bounded rate in the background, again and again the same, and checks that each arrived. */
public final class Load {
    private final CompletableFuture<Void> done;
    private final AtomicBoolean stopped;

    private Load(CompletableFuture<Void> done, AtomicBoolean stopped) {
        this.done = done;
        this.stopped = stopped;
    }

    /**
     * Sends the flights so many times over.
     *
     * @param keyed by origin; otherwise without a key, so that all partitions share all airports
     */
    public static Load start(
            KafkaProducer<String, String> producer,
            String topic,
            List<Flight> flights,
            int times,
            int perSecond,
            boolean keyed) {
        AtomicBoolean stopped = new AtomicBoolean();
        return new Load(
                CompletableFuture.runAsync(
                        () -> {
                            long begin = System.nanoTime();
                            long sent = 0;
                            List<Future<RecordMetadata>> pending = new ArrayList<>();
                            for (int i = 0; i < times && !stopped.get(); i++) {
                                for (Flight flight : flights) {
                                    pending.add(producer.send(
                                            new ProducerRecord<>(topic, keyed ? flight.key() : null, flight.json())));
                                    sent++;
                                    if (sent % 500 == 0) {
                                        long due = begin + sent * 1_000_000_000L / perSecond;
                                        LockSupport.parkNanos(Math.max(0, due - System.nanoTime()));
                                    }
                                }
                                check(pending);
                            }
                        },
                        Threads.named("test-load")),
                stopped);
    }

    /** As {@link #start}, keyed and again and again until {@link #stop}. */
    public static Load startEndless(
            KafkaProducer<String, String> producer, String topic, List<Flight> flights, int perSecond) {
        return start(producer, topic, flights, Integer.MAX_VALUE, perSecond, true);
    }

    /** Waits until these have arrived, and throws if one has not. */
    static void check(List<Future<RecordMetadata>> pending) {
        for (Future<RecordMetadata> future : pending) {
            try {
                RecordMetadata unused = future.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
        pending.clear();
    }

    /** Sends these flights to their end and no others, and waits as {@link #join}. */
    public void stop() {
        stopped.set(true);
        join();
    }

    public boolean isDone() {
        return done.isDone();
    }

    /** Waits for the end, and throws if a record was not accepted. */
    public void join() {
        done.join();
    }
}
