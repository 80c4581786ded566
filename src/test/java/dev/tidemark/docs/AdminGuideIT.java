package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.admin.AuditEntry;
import dev.tidemark.admin.AuditQuery;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/admin.md, on a group that runs meanwhile, as an operator. */
class AdminGuideIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("admin-guide"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 400);

    private TidemarkAdmin admin(TestDatabase there) {
        return TidemarkAdmin.builder(there.as(DatabaseRole.OPERATOR).dataSource())
                .kafka(kafka.admin())
                .build();
    }

    private void produce() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
    }

    @Tag("exhaustive")
    @Test
    void theProgramSkipsTheBacklogAndTakesThatBack() throws InterruptedException {
        produce();
        CountDownLatch undone = new CountDownLatch(1);
        AtomicBoolean held = new AtomicBoolean(true);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle((record, tx) -> {
                    // Busy with a unit when the program comes, which is fenced and rolled back.
                    if (record.offset() == 100 && held.getAndSet(false)) {
                        assertThat(undone.await(3, TimeUnit.MINUTES)).isTrue();
                    }
                    FlightEffects.foldOne(record, tx);
                }))) {
            running.until("busy", () -> !held.get());
            ResetAndUndo.main(
                    database.as(DatabaseRole.OPERATOR).jdbcUrl(),
                    kafka.bootstrapServers(),
                    topic,
                    Instant.now().plus(1, ChronoUnit.DAYS).toString());
            undone.countDown();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights));
        List<AuditEntry> audit = admin(database).audit(AuditQuery.all().withGroup(topic));
        assertThat(audit).extracting(AuditEntry::action).containsExactly("reset", "reset", "undo", "undo");
        assertThat(audit)
                .extracting(entry -> entry.reason().orElse(""))
                .containsOnly("skip the backlog", "it was needed after all");
    }

    @Test
    void effectsGoWithTheResetOfARunningGroup() {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            database.owner().execute("update applied set topic = 'flights'");
            AdminExamples.effects(admin(database), topic);
            running.until("all read again", () -> ExactlyOnce.progress(database, topic) == flights.size());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void offsetsAreCopiedToAnotherStoreAndGroupsArePausedAndDeleted(@TempDir Path directory) throws IOException {
        produce();
        TestDatabase other = Servers.flightDatabase(Servers.postgres());
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            assertThat(AdminExamples.errors(admin(database), topic)).isFalse();
        }
        Path file = directory.resolve("offsets.csv");
        AdminExamples.copy(admin(database), admin(other), topic, file);
        assertThat(Files.readString(file)).contains(topic + ",0,", topic + ",1,");
        assertThat(other.query("select partition, next_offset from tidemark.stored_offset order by 1"))
                .isEqualTo(database.query("select partition, next_offset from tidemark.stored_offset order by 1"));

        assertThat(AdminExamples.errors(admin(database), topic)).isTrue();
        assertThat(AdminExamples.errors(admin(database), topic)).isTrue();
        assertThat(database.number("select count(*) from tidemark.stored_offset"))
                .isZero();

        other.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{0,0}')");
        AdminExamples.pause(admin(other), "etl");
        assertThat(other.query("select action, reason from tidemark.audit_log where group_id = 'etl'"
                        + " and action <> 'bind' order by id"))
                .containsExactly("pause|repairs", "resume|repairs");
    }
}
