package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.internal.store.transaction.UnitTransaction;
import dev.tidemark.internal.thread.HandlerThread;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.TopicBinding;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The keys that a worker holds are those that dead letters hold, and not many more. */
@Tag("database")
@Tag("exhaustive")
class HeldKeysIT {
    private static final TopicPartition P0 = new TopicPartition("flights", 0);
    private static final int GONE = 45;
    private static final int PARKED = 120;

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final AtomicReference<TidemarkException> failure = new AtomicReference<>();

    private Claim claim() throws SQLException {
        OffsetStore store = OffsetStore.of("etl");
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            store.bind(c, new TopicBinding("flights", "cluster", Optional.of("id"), Map.of(0, 0L), Map.of(0, 0L)));
            Claim claim = Objects.requireNonNull(store.claim(c, Set.of(P0)).get(P0));
            c.commit();
            return claim;
        }
    }

    private static byte[] key(String name, int number) {
        return (name + number).getBytes(StandardCharsets.UTF_8);
    }

    private static ConsumerRecord<byte[], byte[]> record(long offset, byte[] key) {
        return new ConsumerRecord<>("flights", 0, offset, key, new byte[(int) (offset % 2)]);
    }

    private long stored() {
        return database.number("select next_offset from tidemark.stored_offset where partition = 0");
    }

    @Test
    void keysWhoseDeadLettersAreGoneAreForgotten() throws Exception {
        Claim claim = claim();
        Set<ByteBuffer> gone = IntStream.range(0, GONE)
                .mapToObj(n -> KeyHash.of(key("gone", n)))
                .collect(Collectors.toSet());
        UnitLimits limits = UnitLimits.defaults();
        News news = new News();
        PartitionQueues queues = new PartitionQueues(limits, 1, 64_000_000, news);
        try (HikariDataSource pool = database.writer().pool(1)) {
            WorkerSession session =
                    new WorkerSession(pool, "tidemark/test", Duration.ofMinutes(5), Duration.ofSeconds(10));
            UnitTransaction transaction =
                    new UnitTransaction(new Schema("tidemark"), "etl", "tester", session, Duration.ofSeconds(30));
            RecordHandler<byte[], byte[]> fails = (record, tx) -> tx.execute(
                    "insert into applied (topic, partition, record_offset) values ('flights', 0, 1 / ?)",
                    record.value().length);
            PartitionNotes notes = new PartitionNotes(new Schema("tidemark"), "etl", session, transaction);
            WorkerContext<byte[], byte[]> context = new WorkerContext<>(
                    "etl",
                    queues.units(),
                    limits,
                    UnitHandler.of(fails, "etl", List.of()),
                    FailurePolicy.parkKey().withMaxConsecutiveFailures(Integer.MAX_VALUE),
                    transaction,
                    notes,
                    new SuspectedRecords(new CountedAttempts(), notes, queues.units(), news),
                    new HandlerHistory(),
                    IdentityCheck.NONE,
                    news,
                    new SafeInterceptors("etl", List.of()),
                    new ListenerReports("etl", new SafeListeners("etl", List.of())),
                    new HandlerThread(new OwnThreads(), "etl-handler", Duration.ofMinutes(5), work -> work));
            Thread worker = new Thread(new Worker<>(
                    context,
                    new RecordDecoder<>(ByteArrayDeserializer::new, ByteArrayDeserializer::new, failure -> false),
                    session));
            queues.open(new ClaimedPartition(
                    claim, new Before(null, null, 0, 0), OptionalLong.empty(), gone, GivenUp.NONE));
            worker.start();
            for (int n = 0; n < PARKED; n++) {
                // Every other one succeeds, so that the failures are their records'.
                queues.offer(
                        claim, List.of(record(2L * n, key("parked", n)), record(2L * n + 1, key("good", n))), null);
            }
            Awaitility.await("parked").until(() -> stored() == 2 * PARKED);
            // The first of the parked ones once more.
            queues.offer(claim, List.of(record(2 * PARKED, key("parked", 0))), null);
            Awaitility.await("parked behind").until(() -> stored() == 2 * PARKED + 1);
            assertThat(queues.heldKeys(P0)).isEqualTo(PARKED);
            assertThat(database.number("select count(*) from tidemark.dead_letter where error_code is null"))
                    .as("it was not tried")
                    .isEqualTo(1);
            queues.stop();
            worker.join();
        }
        assertThat(failure.get()).isNull();
    }

    /** Nothing polls here. */
    private final class News implements WorkerEvents {
        @Override
        public void spaceFor(Collection<TopicPartition> partitions) {}

        @Override
        public void appetite() {}

        @Override
        public void lost(Collection<Claim> claims, TidemarkException why) {
            failure.set(why);
        }

        @Override
        public void halted(Collection<Claim> claims, TidemarkException why) {
            failure.set(why);
        }

        @Override
        public void retrying(Collection<Claim> claims, TidemarkException why) {}

        @Override
        public void moved(Collection<Claim> claims) {}

        @Override
        public void recovered(Collection<Claim> claims) {}

        @Override
        public void drained(Claim claim) {}

        @Override
        public void survived(Claim claim, long offset) {}

        @Override
        public void failed(TidemarkException why) {
            failure.set(why);
        }
    }
}
