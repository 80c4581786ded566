package dev.tidemark.bench;

import dev.tidemark.bench.Records.Spread;
import dev.tidemark.bench.kit.Meter;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** Sends records at moments that are set beforehand, whatever becomes of them. Each carries when it was really sent. */
final class SteadyProducer implements AutoCloseable {
    private static final long TICK_NANOS = 1_000_000;

    private final Records records;
    private final String topic;
    private final int partitions;
    private final KafkaProducer<byte[], byte[]> producer;
    private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    /** Written by one thread only. */
    private volatile long sent;

    private long[] lags = new long[0];
    private int measured;

    SteadyProducer(Rig rig, String topic, int partitions) {
        this.records = rig.records;
        this.topic = topic;
        this.partitions = partitions;
        this.producer = rig.producer(Map.of(ProducerConfig.LINGER_MS_CONFIG, "0"));
    }

    /** Sends the next record now. */
    void send() {
        long number = sent;
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                topic, records.partition(Spread.ROUND_ROBIN, number, partitions), null, records.sample.value(number));
        record.headers()
                .add(Meter.SENT, ByteBuffer.allocate(8).putLong(Meter.now()).array());
        var unused = producer.send(record, (metadata, e) -> {
            if (e != null) {
                failure.set(e);
            }
        });
        sent = number + 1;
    }

    /** Sends the rest of so many records, so many a second, unless there is a reason to stop before. */
    void sendAll(long total, int rate, BooleanSupplier stop) {
        long first = sent;
        lags = new long[(int) Math.max(0, total - first)];
        measured = 0;
        long begin = System.nanoTime();
        while (sent < total && !stop.getAsBoolean()) {
            long due = first + (System.nanoTime() - begin) * rate / 1_000_000_000 + 1;
            while (sent < Math.min(due, total)) {
                lags[measured++] = System.nanoTime() - begin - (sent - first) * 1_000_000_000 / rate;
                send();
            }
            LockSupport.parkNanos(TICK_NANOS - (System.nanoTime() - begin) % TICK_NANOS);
        }
    }

    /** How many records were sent so far. */
    long sent() {
        return sent;
    }

    /** How late the 99th of 100 records was, in milliseconds. */
    double lagMs() {
        long[] sorted = Arrays.copyOf(lags, measured);
        Arrays.sort(sorted);
        return measured == 0 ? 0 : sorted[(int) ((measured - 1) * 0.99)] / 1e6;
    }

    /** Waits for the broker's word on each record. */
    @Override
    public void close() {
        producer.close();
        Exception e = failure.get();
        if (e != null) {
            throw new IllegalStateException("a record was not accepted", e);
        }
    }
}
