package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The server's process for a unit stands still, and then ends the transaction since its client was silent for too long. */
@Tag("exhaustive")
class SuspendedServerIT {
    private static final int RECORDS = 20;
    private static final long BAD = 7;
    private static final Duration IDLE = Duration.ofSeconds(1);

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("suspended-server"), 1);
    private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();

    @BeforeEach
    void records() {
        // Processes in a container have other numbers.
        assumeThat(Servers.postgres()).isInstanceOf(EmbeddedPostgresServer.class);
        database.owner().execute("create table done (n bigint)");
        try (var producer = kafka.batchingProducer()) {
            for (int n = 0; n < RECORDS; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, Integer.toString(n)));
            }
        }
    }

    @AfterEach
    void end() {
        later.shutdown();
    }

    /** It goes on by itself after more than the time for which a client may be silent. */
    private void stop(int pid) throws IOException, InterruptedException {
        signal("-STOP", pid);
        var unused = later.schedule(
                () -> {
                    signal("-CONT", pid);
                    return pid;
                },
                2 * IDLE.toMillis() + 500,
                TimeUnit.MILLISECONDS);
    }

    private static void signal(String signal, int pid) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", signal, Integer.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static int backend(Handle tx) {
        return tx.createQuery("select pg_backend_pid()").mapTo(Integer.class).one();
    }

    private Running start(FailurePolicy policy, RecordHandler<String, String> handler) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .transactionIdleTimeout(IDLE)
                        .onFailure(policy)
                        .handle(handler));
    }

    private static void note(Handle tx, long offset) {
        tx.execute("insert into public.done values (?)", offset);
    }

    private List<String> done() {
        return database.query("select n from done order by n");
    }

    private List<String> givenUp() {
        return database.query("select record_offset from tidemark.dead_letter union all select from_offset from"
                + " tidemark.audit_log where action = 'skip' order by 1");
    }

    @ParameterizedTest
    @CsvSource({"halt, false", "halt, true", "skip, false", "skip, true", "park, false"})
    void aServerThatStoodStillIsNoHandlersSilence(String policy, boolean beforeTheAdvance) {
        AtomicInteger stops = new AtomicInteger(4);
        FailurePolicy chosen = policy.equals("halt")
                ? FailurePolicy.halt()
                : policy.equals("skip") ? FailurePolicy.skip() : FailurePolicy.park();
        try (Running running = start(chosen, (record, tx) -> {
            int pid = backend(tx);
            boolean stops7 = record.offset() == BAD && stops.getAndDecrement() > 0;
            if (stops7 && !beforeTheAdvance) {
                stop(pid);
            }
            note(tx, record.offset());
            if (stops7 && beforeTheAdvance) {
                stop(pid);
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertThat(stops.get()).isNegative();
        assertThat(givenUp()).isEmpty();
        assertThat(done())
                .isEqualTo(
                        IntStream.range(0, RECORDS).mapToObj(Integer::toString).toList());
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void aHandlersSilenceIsTheRecords(boolean beforeTheAdvance) {
        CountDownLatch never = new CountDownLatch(1);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            note(tx, record.offset());
            if (record.offset() == BAD) {
                assertThat(never.await(IDLE.toMillis() + 500, TimeUnit.MILLISECONDS))
                        .isFalse();
                if (!beforeTheAdvance) {
                    note(tx, record.offset());
                }
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertThat(givenUp()).containsExactly(Long.toString(BAD));
        assertThat(done()).hasSize(RECORDS - 1);
    }
}
