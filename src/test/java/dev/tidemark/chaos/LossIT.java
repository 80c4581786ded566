package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.PartitionStatus;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A claim is lost in every way it can be. The status says which, and the consumer follows exactly. */
class LossIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("loss"), 1);
    private final TopicPartition partition = new TopicPartition(topic, 0);
    private final List<Flight> flights = Flights.sample();

    @AfterEach
    void close() {
        producer.close();
    }

    private Running start() {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(50))
                        .handleBatch(FlightEffects::foldBatch));
    }

    private void produce(int from, int to) {
        Servers.produceTo(producer, partition, flights.subList(from, to));
    }

    private long stored() {
        return ExactlyOnce.stored(database, topic, partition);
    }

    private static PartitionStatus status(Running running) {
        return running.consumer().status().partitions().get(0);
    }

    private void assertLostOnce(Running running, String code, String... words) {
        PartitionStatus status = status(running);
        assertThat(status.fences()).isEqualTo(1);
        assertThat(status.lastFence().map(Problem::toString).orElseThrow())
                .startsWith(code)
                .contains("topic " + topic + " partition 0")
                .contains(words);
        running.until("ready", () -> running.consumer().health().ready());
    }

    private void assertAllOnce(int count) {
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 1), Flights.truth(flights.subList(0, count)));
    }

    @Provokes(ErrorCode.FENCED)
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anotherProcessClaims(boolean busy) throws SQLException {
        try (Running running = start()) {
            produce(0, 100);
            running.until("all read", () -> stored() == 100);
            assertThat(status(running).fences()).isZero();
            assertThat(status(running).lastFence()).isEmpty();
            Load load = busy ? Load.start(producer, topic, flights.subList(100, 5_000), 1, 4_000, true) : null;
            running.until("busy", () -> !busy || stored() > 1_000);
            try (Connection c = database.connect()) {
                var unused = OffsetStore.of(topic).claim(c, Set.of(partition));
            }
            running.until("claimed again", () -> status(running).fences() > 0);
            if (load == null) {
                produce(100, 5_000);
            } else {
                load.join();
            }
            running.until("all read", () -> stored() == 5_000);
            assertLostOnce(
                    running,
                    "TM-401",
                    "claimed by ",
                    "/" + ProcessHandle.current().pid() + "/");
        }
        assertAllOnce(5_000);
    }

    @Provokes(ErrorCode.OFFSET_MOVED)
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void somebodyMovesTheOffset(boolean busy) {
        try (Running running = start()) {
            produce(0, 2_000);
            running.until("all read", () -> stored() == 2_000);
            Load load = busy ? Load.start(producer, topic, flights.subList(2_000, 6_000), 1, 4_000, true) : null;
            running.until("busy", () -> !busy || stored() > 3_000);
            // Locked before the clean-up, so that no unit advances until the move; in the order in which units lock, or
            // the two could deadlock.
            database.owner()
                    .execute("begin; lock table airport, applied in exclusive mode;"
                            + "select 1 from tidemark.stored_offset for no key update;"
                            + takeBack(1_500)
                            + "update tidemark.stored_offset set next_offset = 1500; commit");
            if (load == null) {
                produce(2_000, 6_000);
            } else {
                load.join();
            }
            running.until("all read", () -> stored() == 6_000);
            assertLostOnce(running, "TM-402", "moved manually", busy ? "to 1500" : "from 2000 or later to 1500");
        }
        assertAllOnce(6_000);
    }

    /** Removes the effects of records from this one on, out of the list and out of the fold. */
    private String takeBack(int offset) {
        StringBuilder sql =
                new StringBuilder("delete from applied where record_offset >= " + offset + "; delete from airport;");
        Flights.truth(flights.subList(0, offset))
                .forEach((code, airport) -> sql.append("insert into airport values ('" + code + "', "
                        + airport.departures() + ", " + airport.totalDelay() + ");"));
        return sql.toString();
    }

    @Tag("exhaustive")
    @Provokes(ErrorCode.OFFSET_RESTORED)
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRestoreTakesTheOffsetBack(boolean beyondTheClaim) {
        // The older claim is one that was given up in disorder, as by a kill.
        try (Running running = start()) {
            produce(0, 100);
            running.until("all read", () -> stored() == 100);
            database.owner()
                    .execute(
                            "create table backup as select next_offset, owner_token, owner_epoch, updated_at from tidemark.stored_offset");
        }
        try (Running running = start()) {
            produce(100, 200);
            running.until("all read", () -> stored() == 200);
            if (!beyondTheClaim) {
                database.owner()
                        .execute(
                                "truncate backup",
                                "insert into backup select next_offset, owner_token, owner_epoch, updated_at from tidemark.stored_offset");
            }
            produce(200, 300);
            running.until("all read", () -> stored() == 300);
            database.owner()
                    .execute("begin; alter table tidemark.stored_offset disable trigger user;"
                            + takeBack(beyondTheClaim ? 100 : 200)
                            + "update tidemark.stored_offset o set next_offset = b.next_offset, owner_token = b.owner_token,"
                            + " owner_epoch = b.owner_epoch, updated_at = b.updated_at from backup b;"
                            + "alter table tidemark.stored_offset enable trigger user; commit");
            running.until("noticed", () -> status(running).fences() > 0);
            produce(300, 400);
            running.until("all read", () -> stored() == 400);
            assertLostOnce(running, "TM-403", "from 300 to " + (beyondTheClaim ? 100 : 200), "restore");
        }
        assertAllOnce(400);
    }

    @Provokes(ErrorCode.ROW_LOCKED)
    @Test
    void aLockedRowNamesItsHolderAndIsWaitedFor() throws SQLException {
        try (Running running = start()) {
            produce(0, 100);
            running.until("all read", () -> stored() == 100);
        }
        try (Connection other = database.owner().connect();
                var statement = other.createStatement()) {
            statement.execute("set application_name = 'a-long-report'");
            other.setAutoCommit(false);
            statement.execute("select 1 from tidemark.stored_offset for update");
            // Since when is not for the writer to see: it is another role's session.
            String holder = database.superuser()
                    .query("select pid from pg_stat_activity where application_name = 'a-long-report'")
                    .get(0);
            try (Running running = start()) {
                running.until(
                        "the lock is named",
                        () -> !running.consumer().status().partitions().isEmpty()
                                && status(running)
                                        .lastError()
                                        .map(Problem::toString)
                                        .orElse("")
                                        .startsWith("TM-404"));
                assertThat(status(running).lastError().map(Problem::toString).orElseThrow())
                        .contains("topic " + topic + " partition 0")
                        .contains("pid " + holder + " ")
                        .contains("a-long-report")
                        .contains("role " + database.owner().role());
                produce(100, 200);
                other.rollback();
                running.until("goes on", () -> stored() == 200);
                assertThat(status(running).lastError()).isEmpty();
                assertThat(status(running).fences()).isZero();
            }
        }
        assertAllOnce(200);
    }
}
