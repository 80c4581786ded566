package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.RedriveResult;
import dev.tidemark.admin.ChangeResult;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.PlanOptions;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A dead letter below which the offset was moved back: whether its record was read again decides if it may be redriven. */
@Tag("exhaustive")
class SupersededLettersIT {
    private static final String TABLE = "tidemark.stored_offset";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("superseded"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, 30);
    private final TidemarkAdmin admin = TidemarkAdmin.builder(
                    database.as(DatabaseRole.OPERATOR).dataSource())
            .kafka(kafka.consumerConfig(topic, "cooperative"))
            .build();

    /** How an offset gets below a record and back again without a consumer. */
    private enum Move {
        RESET_AND_UNDO,
        UPDATES,
        DELETE_INSERT_AND_UPDATE,
        TRUNCATE_INSERT_AND_UPDATE,
        TWICE
    }

    private void produce() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
    }

    /** Reads all that is there; the seventh record fails or not. */
    private void read(boolean fails) {
        try (Running running = consumer(fails)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
        }
    }

    private Running consumer(boolean fails) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                b -> b.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    if (fails && record.offset() == 7) {
                        throw new IllegalArgumentException("the seventh");
                    }
                    FlightEffects.foldOne(record, tx);
                }));
    }

    private RedriveResult.Status redriven() {
        try (Running running = consumer(false)) {
            return running.consumer()
                    .redrive(List.of(database.number("select id from tidemark.dead_letter")))
                    .get(0)
                    .status();
        }
    }

    private ChangeResult resetTo(long offset) {
        return admin.execute(admin.planReset(
                topic,
                OffsetTarget.offset(offset),
                PartitionSelection.all(),
                PlanOptions.defaults().unchecked()));
    }

    private void moveByHand(String sql) {
        database.owner().execute(sql.formatted(TABLE));
    }

    @ParameterizedTest
    @EnumSource(Move.class)
    void onceReadAgainItIsNeverRedriven(Move how) {
        produce();
        read(true);
        ChangeResult unused = resetTo(5);
        database.owner().execute("delete from applied where record_offset >= 5");
        read(false);
        assertThat(database.number("select count(*) from applied")).isEqualTo(flights.size());

        String insert = "insert into %s (group_id, topic, partition, next_offset) values ('" + topic + "', '" + topic
                + "', 0, 2)";
        switch (how) {
            case RESET_AND_UNDO -> undone(resetTo(2));
            case TWICE -> {
                undone(resetTo(2));
                undone(resetTo(6));
            }
            case UPDATES -> moveByHand("update %s set next_offset = 2");
            case DELETE_INSERT_AND_UPDATE -> {
                moveByHand("delete from %s");
                moveByHand(insert);
            }
            case TRUNCATE_INSERT_AND_UPDATE -> {
                moveByHand("truncate %s");
                moveByHand(insert);
            }
        }
        moveByHand("update %s set next_offset = " + flights.size());
        assertThat(redriven()).isEqualTo(RedriveResult.Status.SUPERSEDED);
        assertThat(database.number("select count(*) from applied")).isEqualTo(flights.size());
        assertThat(database.number("select count(*) from tidemark.dead_letter where read_again_at is not null"))
                .isEqualTo(1);
    }

    private void undone(ChangeResult change) {
        ChangeResult unused =
                admin.execute(admin.planUndo(topic, change.changeId().orElseThrow()));
    }

    @Test
    void parkedAnewItIsSupersededAnew() {
        produce();
        read(true);
        ChangeResult unused = resetTo(5);
        database.owner().execute("delete from applied where record_offset >= 5");
        read(true);
        undone(resetTo(2));
        assertThat(redriven()).isEqualTo(RedriveResult.Status.APPLIED);
        assertThat(database.number("select count(*) from applied")).isEqualTo(flights.size());
    }

    @ParameterizedTest
    @EnumSource(
            value = Move.class,
            names = {"RESET_AND_UNDO", "UPDATES", "TWICE"})
    void neverReadAgainItCanBeRedriven(Move how) {
        produce();
        read(true);
        switch (how) {
            case UPDATES -> {
                moveByHand("update %s set next_offset = 2");
                moveByHand("update %s set next_offset = 30");
            }
            case TWICE -> {
                undone(resetTo(2));
                undone(resetTo(6));
            }
            default -> undone(resetTo(2));
        }
        assertThat(redriven()).isEqualTo(RedriveResult.Status.APPLIED);
        assertThat(database.number("select count(*) from applied")).isEqualTo(flights.size());
    }

    /** Its record was not read again, and the topic of before is gone. */
    @Test
    void aRebindMakesItRedrivable() {
        produce();
        read(true);
        ChangeResult reset = resetTo(5);
        assertThat(reset.changeId()).isPresent();
        kafka.createAgain(topic, 1);
        ChangeResult unused =
                admin.execute(admin.planRebind(topic, topic, OffsetTarget.earliest(), PlanOptions.defaults()));
        assertThat(redriven()).isEqualTo(RedriveResult.Status.APPLIED);
    }

    @Test
    void aRebindLeavesATraceATrace() {
        produce();
        read(true);
        ChangeResult unused = resetTo(5);
        database.owner().execute("delete from applied where record_offset >= 5");
        read(false);
        kafka.createAgain(topic, 1);
        unused = admin.execute(admin.planRebind(topic, topic, OffsetTarget.earliest(), PlanOptions.defaults()));
        assertThat(redriven()).isEqualTo(RedriveResult.Status.SUPERSEDED);
        assertThat(database.number("select count(*) from applied")).isEqualTo(flights.size());
    }
}
