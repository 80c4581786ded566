package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Uninterrupted;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A deserializer that does not return, where a record is tried again. */
class DecodedAgainIT extends LeftoversCase {
    private static final ThreadLocal<String> TENANT = new ThreadLocal<>();
    private static final UnitLimits LIMITS = UnitLimits.defaults()
            .withMaxRecords(8)
            .withDeadline(Duration.ofSeconds(2))
            .withMaxDuration(Duration.ofSeconds(1));

    @BeforeEach
    void table() {
        database.owner().execute("create table written (n int)", "grant all on written to public");
    }

    private void sendTogether(int from, int to) {
        try (var producer = kafka.batchingProducer()) {
            for (int n = from; n < to; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, Integer.toString(n)));
            }
        }
    }

    private static boolean onNew() {
        return Thread.currentThread().getName().contains("-handler-");
    }

    private static void enter() {
        if (TENANT.get() != null) {
            throw new IllegalStateException("a tenant is set already");
        }
        TENANT.set("t");
    }

    /** Without a leftover the worker's own thread is measured; with one, its successor is to be. */
    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(strings = {"first thread", "later thread", "new thread"})
    void isSeen(String where) {
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        AtomicInteger decoded = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        // The first of a unit of which another one fails, or the failing one itself.
        String which = where.equals("new thread") ? "6" : "4";
        Deserializer<String> values = (topic, data) -> {
            String value = new String(data, StandardCharsets.UTF_8);
            boolean assistant = Thread.currentThread().getName().contains("-assistant-");
            if (!assistant && value.equals(which)) {
                decoded.incrementAndGet();
                if (where.equals("new thread") ? onNew() : decoded.get() == 2) {
                    hangs.countDown();
                    Uninterrupted.await(over);
                }
            }
            return value;
        };
        try (Running running = start(values, FailurePolicy.park(), LIMITS, (record, tx) -> {
            enter();
            if (where.equals("first thread") || where.equals("new thread") || record.offset() != 2) {
                TENANT.remove();
            }
            if (record.offset() == 6 && failed.incrementAndGet() <= 2) {
                throw new IllegalArgumentException("once");
            }
            tx.execute("insert into written values (?)", record.offset());
        })) {
            for (int n = 0; n < 4; n++) {
                int read = n + 1;
                send(n, read);
                running.until("read", () -> read() == read);
            }
            sendTogether(4, 8);
            running.until("it hangs", () -> hangs.getCount() == 0);
            try {
                running.until("seen to hang", () -> !running.consumer().health().live());
            } finally {
                over.countDown();
            }
            running.until("read", () -> read() == 8);
        }
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(IntStream.range(0, 8).mapToObj(Integer::toString).toList());
    }
}
