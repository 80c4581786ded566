package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An operator moves an offset with plain SQL while the consumer runs. It follows, and the table matches the offset. */
@Tag("chaos")
@Tag("exhaustive")
class ManualMoveIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("moved"), 1);
    private final List<Flight> flights = Flights.sample();

    @Test
    void anIdleConsumerFollowsBackAndForward() {
        try (var producer = kafka.producer();
                Running running = start(5_000)) {
            Servers.produce(producer, topic, flights.subList(0, 2_000));
            running.until("all read", () -> stored() == 2_000);

            // Back: the records come again. Their old effects are removed in the same transaction, as a person would.
            move(500, "delete from applied where record_offset >= 500");
            running.until("read again", () -> stored() == 2_000);
            ExactlyOnce.assertEffectsMatchOffsets(database, topic);

            // Forward, beyond what is there yet: the gap is skipped.
            move(2_100, "select 1");
            Servers.produce(producer, topic, flights.subList(2_000, 3_000));
            running.until("read on", () -> stored() == 3_000);
        }
        assertThat(database.query("select count(*), min(record_offset), max(record_offset) from applied"
                        + " where record_offset >= 2000"))
                .containsExactly("900|2100|2999");
        assertThat(database.query("select action, from_offset, to_offset, by_role from tidemark.audit_log order by id"))
                .containsExactly("manual_move|2000|500|tidemark_owner", "manual_move|2000|2100|tidemark_owner");
    }

    /** What else an operator writes with the offset, or how, makes no difference to the consumer. */
    @Test
    void anIdleConsumerFollowsHoweverItIsMoved() {
        String where = " where group_id = '" + topic + "'";
        try (var producer = kafka.producer();
                Running running = start(5_000)) {
            Servers.produce(producer, topic, flights.subList(0, 2_000));
            running.until("all read", () -> stored() == 2_000);
            int fences = 0;
            for (String move : List.of(
                    "update tidemark.stored_offset set next_offset = 500, updated_at = now()" + where,
                    "update tidemark.stored_offset set next_offset = next_offset, updated_at = clock_timestamp()"
                            + where,
                    "delete from tidemark.stored_offset" + where
                            + "; insert into tidemark.stored_offset (group_id, topic, partition, next_offset) values ('"
                            + topic + "', '" + topic + "', 0, 700)")) {
                database.owner().execute("begin; delete from applied where record_offset >= 500; " + move + "; commit");
                fences++;
                int expected = fences;
                running.until(
                        "fenced, claimed again, and read again",
                        () -> running.consumer().status().partitions().get(0).fences() == expected
                                && database.number("select count(owner_token) from tidemark.stored_offset") == 1
                                && stored() == 2_000);
            }
            // Forward, beyond what is there yet: the gap is skipped.
            database.owner()
                    .execute("update tidemark.stored_offset set next_offset = 2100, updated_at = now()" + where);
            Servers.produce(producer, topic, flights.subList(2_000, 3_000));
            running.until("read on", () -> stored() == 3_000);
        }
        assertThat(database.query(
                        "select min(record_offset), max(record_offset) from applied where record_offset >= 500"))
                .containsExactly("700|2999");
        assertThat(database.number("select count(*) from applied where record_offset >= 2000"))
                .isEqualTo(900);
        assertThat(database.query("select action, from_offset, to_offset from tidemark.audit_log order by id"))
                .containsExactly(
                        "manual_move|2000|500",
                        "manual_move|2000|2000",
                        "manual_move|2000|null",
                        "manual_move|null|700",
                        "manual_move|2000|2100");
    }

    @Test
    void aBusyConsumerFollowsBack() {
        try (var producer = kafka.producer();
                Running running = start(50)) {
            Load load = Load.start(producer, topic, flights, 1, 4_000, true);
            for (int i = 1; i <= 5; i++) {
                long reached = 2_000L * i;
                running.until("busy", () -> stored() >= reached);
                move(reached / 2, "delete from applied where record_offset >= " + reached / 2);
            }
            load.join();
            running.until("all read", () -> stored() == flights.size());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private Running start(int records) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(records))
                        .handleBatch(FlightEffects::foldBatch));
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private void move(long offset, String first) {
        // The row is locked first, so that no unit advances between the clean-up and the move.
        database.owner()
                .execute("begin;"
                        + "select 1 from tidemark.stored_offset where group_id = '" + topic + "' for no key update;"
                        + first + ";"
                        + "update tidemark.stored_offset set next_offset = " + offset + " where group_id = '" + topic
                        + "';"
                        + "commit");
    }
}
