package dev.tidemark.internal.store.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.DeadLetter;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which parked records hold their key, and what waits for which: not for what a reset has superseded. */
@Tag("database")
class DeadLetterTableIT {
    private static final ErrorText BROKEN = new ErrorText("TM-502", "some.Exception", null, null);
    private static final TopicPartition P0 = new TopicPartition("flights", 0);
    private static final TopicPartition P1 = new TopicPartition("flights", 1);

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final ParkedRecords parked = new ParkedRecords(new Schema("tidemark"), "etl");
    private final DeadLetterTable letters = new DeadLetterTable(new Schema("tidemark"), "etl");
    private Connection c;

    @BeforeEach
    void bind() throws SQLException {
        database.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', array[100, 100])");
        c = database.connect();
    }

    @AfterEach
    void close() throws SQLException {
        c.close();
    }

    private static ConsumerRecord<byte[], byte[]> record(TopicPartition partition, long offset, String key) {
        return new ConsumerRecord<>(
                partition.topic(),
                partition.partition(),
                offset,
                key.getBytes(StandardCharsets.UTF_8),
                "value".getBytes(StandardCharsets.UTF_8));
    }

    private void park(long offset, String key) throws SQLException {
        parked.park(c, record(P0, offset, key), true, BROKEN, 1, "me");
    }

    private boolean follows(TopicPartition partition, long offset, String key) throws SQLException {
        return parked.follow(c, List.of(record(partition, offset, key)), "me");
    }

    private void resetTo(long offset) {
        database.execute("select tidemark.reset_offset('etl', 'flights', 0, " + offset + ", 'again')");
    }

    private int heldKeys() throws SQLException {
        return parked.heldKeys(c, List.of(P0, P1)).getOrDefault(P0, Set.of()).size();
    }

    private boolean waits(long offset) throws SQLException {
        DeadLetter letter = letters.list(c, null, null, 0, 100).stream()
                .filter(l -> l.record().offset() == offset)
                .findFirst()
                .orElseThrow();
        return letters.lock(c, letter.id()).orElseThrow().waits();
    }

    @Test
    void aParkedRecordHoldsItsKeyInItsPartition() throws SQLException {
        park(10, "a");
        parked.park(c, record(P0, 11, "free"), false, BROKEN, 1, "me");
        assertThat(heldKeys()).isEqualTo(1);
        assertThat(parked.heldKeys(c, List.of(P1))).isEqualTo(Map.of());
        assertThat(follows(P0, 20, "a")).isTrue();
        assertThat(follows(P0, 21, "b")).isFalse();
        assertThat(follows(P0, 22, "free")).isFalse();
        assertThat(follows(P1, 23, "a")).isFalse();
        assertThat(waits(10)).isFalse();
        assertThat(waits(20)).isTrue();
        assertThat(waits(11)).isFalse();
    }

    @Test
    void whatIsSupersededHoldsNothingAndIsWaitedForByNothing() throws SQLException {
        park(10, "a");
        park(20, "a");
        resetTo(15);
        assertThat(heldKeys()).as("the first of them is below the new offset").isEqualTo(1);
        assertThat(follows(P0, 16, "a")).isTrue();
        resetTo(5);
        assertThat(heldKeys()).isZero();
        assertThat(follows(P0, 6, "a")).isFalse();

        // Read again, the first is applied and the second parked once more: it has nothing to wait for.
        park(20, "a");
        assertThat(heldKeys()).isEqualTo(1);
        assertThat(waits(20)).isFalse();
        assertThat(follows(P0, 30, "a")).isTrue();
        assertThat(waits(30)).isTrue();
        assertThat(database.query(
                        "select record_offset, superseded_at is not null from tidemark.dead_letter order by 1"))
                .containsExactly("10|t", "16|t", "20|f", "30|f");
    }

    @Test
    void anUndoneResetLetsThemHoldTheirKeyAgain() throws SQLException {
        park(10, "a");
        park(20, "a");
        resetTo(5);
        long change = database.number("select max(change_id) from tidemark.audit_log");
        database.execute("select tidemark.undo_reset(" + change + ")");
        assertThat(heldKeys()).isEqualTo(1);
        assertThat(follows(P0, 30, "a")).isTrue();
        assertThat(waits(20)).isTrue();
    }
}
