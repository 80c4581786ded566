package dev.tidemark.demo;

import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/** Sends the flights in small waves at 900 a second, and knows that each arrived. */
final class Loader {
    private static final int WAVE = 450;
    private static final Duration EVERY = Duration.ofMillis(500);

    private final KafkaServer kafka;
    private final AtomicLong sent = new AtomicLong();

    Loader(KafkaServer kafka) {
        this.kafka = kafka;
    }

    long sent() {
        return sent.get();
    }

    /** Returns when all are sent; the listener is called after each wave, in the same thread, how many were. */
    void send(List<Flight> flights, LongConsumer afterWave) {
        try (var producer = kafka.producer()) {
            long next = System.nanoTime();
            for (int from = 0; from < flights.size(); from += WAVE) {
                waitUntil(next);
                next += EVERY.toNanos();
                List<Flight> wave = flights.subList(from, Math.min(from + WAVE, flights.size()));
                Servers.produce(producer, Stage.TOPIC, wave);
                afterWave.accept(sent.addAndGet(wave.size()));
            }
        }
    }

    private static void waitUntil(long deadline) {
        for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
