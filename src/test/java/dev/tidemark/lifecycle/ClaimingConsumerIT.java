package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.Tidemark;
import dev.tidemark.errors.FencedException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.OwnLoopTest;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.CommitProxy;
import dev.tidemark.testkit.postgres.CommitProxy.Cut;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a poll hands out takes effect under the claim that it was fetched under, or not at all. */
class ClaimingConsumerIT extends OwnLoopTest {
    private static final int RECORDS = 1_000;

    private final String topic = topic(1);
    private final TopicPartition zero = new TopicPartition(topic, 0);

    private void produce(int from, int to) {
        Servers.produceTo(producer, zero, flights.subList(from, to));
    }

    private long stored() {
        return ExactlyOnce.stored(database, topic, zero);
    }

    /** Ways to lose a claim while records are in hand, and hundreds in the KafkaConsumer's buffer. */
    enum Taken {
        RESET_FORWARD,
        RESET_BACK,
        RESET_TO_THE_SAME,
        SQL_FORWARD,
        SQL_BACK,
        CLAIMED_BY_ANOTHER
    }

    private void take(Taken how, long stands) throws SQLException {
        switch (how) {
            case RESET_FORWARD -> reset(zero, stands + 250);
            case RESET_BACK -> reset(zero, stands - 50);
            case RESET_TO_THE_SAME -> reset(zero, stands);
            case SQL_FORWARD -> move(stands + 250);
            case SQL_BACK -> move(stands - 50);
            case CLAIMED_BY_ANOTHER -> {
                try (Connection c = database.connect()) {
                    Map<TopicPartition, Claim> unused = OffsetStore.of(topic).claim(c, Set.of(zero));
                }
            }
        }
    }

    private void move(long offset) {
        database.owner().execute("update tidemark.stored_offset set next_offset = " + offset);
    }

    /** The loss of the issue: in the raw loop a fresh claim takes what was fetched before it. */
    @ParameterizedTest
    @EnumSource(Taken.class)
    void whatWasFetchedBeforeAClaimIsRefusedAfterIt(Taken how) throws SQLException {
        produce(0, RECORDS);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            readTo(consumer, topic, 100);
            ClaimedRecords<String, String> inHand = next(consumer);
            take(how, 100);
            assertThatThrownBy(() -> apply(inHand.first(10)))
                    .isInstanceOfSatisfying(
                            FencedException.class,
                            e -> assertThat(e.partitions()).containsExactly(zero));
            ClaimedRecords<String, String> fresh = next(consumer);
            assertThat(fresh.records().get(0).offset()).isEqualTo(stored());
            for (ClaimedRecords<String, String> old :
                    List.of(inHand, inHand.first(50), inHand.after(10), inHand.after(50), inHand.of(zero))) {
                assertThatThrownBy(() -> apply(old)).isInstanceOf(FencedException.class);
            }
            apply(fresh);
            assertThatThrownBy(() -> apply(inHand)).isInstanceOf(FencedException.class);
            readTo(consumer, topic, RECORDS);
        }
        assertExact(topic, 1);
    }

    /** Nothing is in hand, so no advance is refused: the next poll itself must not continue in the buffer. */
    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource(Taken.class)
    void whatKafkasClientHasFetchedBeforeAClaimIsNotHandedOutAfterIt(Taken how) throws SQLException {
        produce(0, RECORDS);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            readTo(consumer, topic, 200);
            take(how, 200);
            readOnTo(consumer, topic, RECORDS);
        }
        assertExact(topic, 1);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource(Taken.class)
    void anIdleGroupFollowsToo(Taken how) throws SQLException {
        produce(0, 300);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            readTo(consumer, topic, 300);
            if (how == Taken.RESET_FORWARD || how == Taken.SQL_FORWARD) {
                produce(300, 600);
            }
            take(how, 300);
            long end = Objects.requireNonNull(kafka.logEnds(topic, 1).get(zero));
            readOnTo(consumer, topic, end);
            produce(600, RECORDS);
            readOnTo(consumer, topic, end + RECORDS - 600);
        }
        assertExact(topic, 1);
    }

    @Test
    void partsFollowEachOtherOrAreRefused() throws SQLException {
        produce(0, RECORDS);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            ClaimedRecords<String, String> batch = next(consumer);
            assertThat(batch.size()).isEqualTo(100);
            assertThatThrownBy(() -> apply(batch.after(1))).isInstanceOf(FencedException.class);
            apply(batch.first(1));
            assertThatThrownBy(() -> apply(batch)).isInstanceOf(FencedException.class);
            assertThatThrownBy(() -> apply(batch.first(1))).isInstanceOf(FencedException.class);
            assertThatThrownBy(() -> apply(batch.after(2))).isInstanceOf(FencedException.class);
            apply(batch.after(1).first(9));
            try (Connection c = database.connect()) {
                c.setAutoCommit(false);
                // Two parts in one transaction, and it is rolled back.
                batch.after(10).first(5).advance(c);
                batch.after(15).advance(c);
                c.rollback();
            }
            assertThat(stored()).isEqualTo(10);
            apply(batch.after(10));
            assertThat(stored()).isEqualTo(100);
            assertThat(batch.after(100).isEmpty()).isTrue();
            assertThat(batch.first(0).isEmpty()).isTrue();
            assertThat(batch.of(new TopicPartition(topic, 9)).isEmpty()).isTrue();
            readTo(consumer, topic, RECORDS);
        }
        assertExact(topic, 1);
    }

    @Tag("exhaustive")
    @Test
    void whatIsLeftOutAtTheEndOfABatchIsHandedOutAgain() throws SQLException {
        produce(0, RECORDS);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            while (stored() < RECORDS) {
                ClaimedRecords<String, String> batch = next(consumer);
                apply(batch.first(Math.max(1, batch.size() / 2)));
            }
        }
        assertExact(topic, 1);
    }

    @Tag("exhaustive")
    @Test
    void aTransactionThatFailedIsTriedAgainAtOnceOrLater() throws SQLException {
        produce(0, RECORDS);
        int tries = 0;
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            while (stored() < RECORDS) {
                ClaimedRecords<String, String> batch = next(consumer);
                try (Connection c = database.connect()) {
                    c.setAutoCommit(false);
                    FlightEffects.foldBatch(batch.records(), Jdbi.open(c));
                    int nth = ++tries;
                    if (nth % 2 == 0) {
                        batch.advance(c);
                    }
                    c.rollback();
                    if (nth % 3 == 0) {
                        // Without a poll in between.
                        apply(batch);
                    }
                }
            }
        }
        assertThat(tries).isGreaterThanOrEqualTo(30);
        assertExact(topic, 1);
    }

    /** Forgotten, and said of a transaction that was rolled back: at worst slow. */
    @Test
    void aConfirmationCostsNoRecordWhateverItSays() throws SQLException {
        produce(0, 300);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            ClaimedRecords<String, String> forgotten = next(consumer);
            assertThatThrownBy(forgotten::confirm)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("before advance");
            commit(forgotten);
            ClaimedRecords<String, String> wrong = next(consumer);
            assertThat(wrong.records().get(0).offset()).isEqualTo(100);
            try (Connection c = database.connect()) {
                c.setAutoCommit(false);
                wrong.advance(c);
                c.rollback();
            }
            wrong.confirm();
            ClaimedRecords<String, String> beyond = next(consumer);
            assertThat(beyond.records().get(0).offset()).isEqualTo(200);
            assertThatThrownBy(() -> apply(beyond)).isInstanceOf(FencedException.class);
            readTo(consumer, topic, 200);
            // The last of the log: no later advance can show that it was wrong.
            ClaimedRecords<String, String> last = next(consumer);
            try (Connection c = database.connect()) {
                c.setAutoCommit(false);
                last.advance(c);
                c.rollback();
            }
            last.confirm();
            readTo(consumer, topic, 300);
        }
        assertExact(topic, 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Cut.class,
            names = {"BEFORE_COMMIT", "AFTER_COMMIT"})
    void aCommitWhoseOutcomeIsUnknownIsLookedUp(Cut cut) throws Exception {
        produce(0, RECORDS);
        try (CommitProxy proxy = new CommitProxy(database.server().port());
                var proxied = TestDatabase.pool(
                        database.jdbcUrl().replace(":" + database.server().port() + "/", ":" + proxy.port() + "/"), 2);
                ClaimingConsumer<String, String> consumer = open(topic)) {
            for (int i = 0; stored() < RECORDS; i++) {
                ClaimedRecords<String, String> batch = next(consumer);
                if (i % 3 != 2) {
                    proxy.cutNext(cut);
                }
                try (Connection c = proxied.getConnection()) {
                    c.setAutoCommit(false);
                    FlightEffects.foldBatch(batch.records(), Jdbi.open(c));
                    batch.advance(c);
                    c.commit();
                    batch.confirm();
                } catch (SQLException e) {
                    if (i % 2 == 0) {
                        // The same again, in doubt: it is applied if it was not, and refused if it was.
                        if (cut == Cut.BEFORE_COMMIT) {
                            apply(batch);
                        } else {
                            assertThatThrownBy(() -> apply(batch)).isInstanceOf(FencedException.class);
                        }
                    }
                }
            }
            assertThat(proxy.cuts()).isGreaterThan(3);
        }
        assertExact(topic, 1);
    }

    /** The records of one partition were fetched, and are in no later poll, when the deserializer fails at another's. */
    @Test
    void anErrorInADeserializerCostsNoRecordOfAnotherPartition() throws SQLException {
        String two = topic(2);
        Servers.produceTo(producer, new TopicPartition(two, 0), flights.subList(0, 60));
        Servers.produceTo(producer, new TopicPartition(two, 1), flights.subList(60, 120));
        AtomicInteger decoded = new AtomicInteger();
        Deserializer<String> failing = (name, data) -> {
            if (decoded.incrementAndGet() == 80) {
                throw new NoClassDefFoundError("for the test");
            }
            return new String(data, StandardCharsets.UTF_8);
        };
        int errors = 0;
        try (ClaimingConsumer<String, String> consumer = Tidemark.claimingConsumer(bothAtOnce(two))
                .deserializers(new StringDeserializer(), failing)
                .topics(two)
                .database(pool)
                .open()) {
            while (ExactlyOnce.progress(database, two) < 120) {
                try {
                    apply(next(consumer));
                } catch (NoClassDefFoundError e) {
                    errors++;
                }
            }
        }
        assertThat(errors).isEqualTo(1);
        assertExact(two, 2);
    }

    /** Kafka waits until there is something in all partitions. */
    private Map<String, Object> bothAtOnce(String name) {
        Map<String, Object> config = config(name, "cooperative");
        config.put("fetch.min.bytes", "1000000");
        config.put("fetch.max.wait.ms", "1000");
        return config;
    }

    @Test
    void anotherPartitionOfTheTransactionThatIsFencedIsNamedAlone() throws SQLException {
        String two = topic(2);
        TopicPartition first = new TopicPartition(two, 0);
        TopicPartition second = new TopicPartition(two, 1);
        Servers.produceTo(producer, first, flights.subList(0, 50));
        Servers.produceTo(producer, second, flights.subList(50, 100));
        try (ClaimingConsumer<String, String> consumer = open(two, bothAtOnce(two), b -> b)) {
            ClaimedRecords<String, String> both = next(consumer);
            assertThat(both.partitions()).containsExactlyInAnyOrder(first, second);
            reset(second, 0);
            assertThatThrownBy(() -> apply(both))
                    .isInstanceOfSatisfying(
                            FencedException.class,
                            e -> assertThat(e.partitions()).containsExactly(second));
            apply(both.of(first));
            assertThatThrownBy(() -> apply(both.of(second))).isInstanceOf(FencedException.class);
            readTo(consumer, two, 100);
        }
        assertExact(two, 2);
    }

    @Test
    void anAdvanceNeedsATransaction() throws SQLException {
        produce(0, 10);
        try (ClaimingConsumer<String, String> consumer = open(topic);
                Connection c = database.connect()) {
            ClaimedRecords<String, String> batch = next(consumer);
            assertThatThrownBy(() -> batch.advance(c)).isInstanceOf(IllegalStateException.class);
            assertThat(stored()).isZero();
            apply(batch);
        }
    }

    @Test
    void claimsAreGivenBackAtTheEnd() throws SQLException {
        produce(0, 100);
        ClaimingConsumer<String, String> consumer = open(topic);
        readTo(consumer, topic, 100);
        assertThat(database.query("select owner is not null from tidemark.consumer_lag"))
                .containsExactly("t");
        consumer.wakeup();
        assertThatThrownBy(() -> consumer.poll(Duration.ofSeconds(10))).isInstanceOf(WakeupException.class);
        consumer.close();
        consumer.close();
        assertThat(database.query("select owner is not null from tidemark.consumer_lag"))
                .containsExactly("f");
        assertThatThrownBy(() -> consumer.poll(Duration.ZERO)).isInstanceOf(IllegalStateException.class);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void whoWasThrownOutOfTheGroupCannotAdvanceWhatItHolds(String protocol) throws SQLException {
        produce(0, RECORDS);
        Map<String, Object> slow = config(topic, protocol);
        slow.put("max.poll.interval.ms", "7000");
        try (ClaimingConsumer<String, String> first = open(topic, slow, b -> b);
                ClaimingConsumer<String, String> second = open(topic, config(topic, protocol), b -> b)) {
            readTo(first, topic, 100);
            ClaimedRecords<String, String> inHand = next(first);
            // It polls no more, and so the group gives its partition away.
            apply(next(second));
            assertThatThrownBy(() -> apply(inHand)).isInstanceOf(FencedException.class);
            // Back in the group, and gets the partition or does not; nothing of it was lost.
            assertThat(first.poll(Duration.ofMillis(500)).isEmpty()).isTrue();
            while (stored() < RECORDS) {
                for (ClaimingConsumer<String, String> consumer : List.of(first, second)) {
                    ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                    if (!batch.isEmpty()) {
                        apply(batch);
                    }
                }
            }
        }
        assertExact(topic, 1);
    }
}
