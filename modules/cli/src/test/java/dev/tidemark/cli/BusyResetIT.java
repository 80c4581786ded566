package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two consumer processes are busy, and a command puts the group back in time. */
@Order(1) // its tests take longest
@Tag("exhaustive")
class BusyResetIT {
    private static final int PARTITIONS = 4;
    private static final int BACKLOG = 1_000;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("busy"), PARTITIONS);
    private final List<Flight> flights = Flights.sample();
    private final Cli cli = Cli.on(database, kafka);

    /**
     * Sends a hundred flights ten times a second while the group has less than {@link #BACKLOG} to read, so that it is busy for as long
     * as a test takes, and can catch up.
     */
    private final class Steady {
        private final AtomicBoolean stop = new AtomicBoolean();
        private final List<Flight> sent = new ArrayList<>();
        private final CompletableFuture<Void> end;

        /** The topic holds so many flights before. */
        Steady(KafkaProducer<String, String> producer, int before) {
            end = CompletableFuture.runAsync(() -> {
                while (!stop.get()) {
                    if (before + sent.size() - progress() < BACKLOG) {
                        int from = (before + sent.size()) % flights.size();
                        Servers.produce(producer, topic, flights.subList(from, from + 100));
                        sent.addAll(flights.subList(from, from + 100));
                    }
                    LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
                }
            });
        }

        /** Ends it; returns what was sent. */
        List<Flight> stop() {
            stop.set(true);
            end.join();
            return sent;
        }
    }

    private long progress() {
        return ExactlyOnce.progress(database, topic);
    }

    private void await(String what, Callable<Boolean> holds) {
        Awaitility.await(what).pollInterval(Duration.ofMillis(50)).until(holds);
    }

    /** The SQL of docs/reset.md: what was applied of the records that are read again goes in the reset's own transaction. */
    private Path cleanUp(Path directory) throws IOException {
        String page = Files.readString(Path.of("docs/reset.md"));
        int from = page.indexOf("-- clean.sql");
        String sql = page.substring(from, page.indexOf("```", from))
                .replace("delete from flight f", "delete from applied f")
                .replace("'flights-etl'", "'" + topic + "'");
        return Files.writeString(directory.resolve("clean.sql"), sql);
    }

    @Test
    void backToATimeAndTheTableIsExact(@TempDir Path directory) throws IOException {
        try (var producer = kafka.producer();
                ConsumerFleet fleet = new ConsumerFleet(
                        kafka.consumerConfig(topic, "consumer"), database, topic, Map.of("records", "50"))) {
            fleet.start(2);
            Servers.produce(producer, topic, flights.subList(0, 2_000));
            await("the first are read", () -> progress() == 2_000);
            Instant then = Instant.now();
            // Every record from here on is younger.
            await("the clock went on", () -> Instant.now().isAfter(then.plusMillis(20)));
            Steady steady = new Steady(producer, 2_000);
            await("busy", () -> progress() >= 5_000);

            Result done = cli.run(
                    "reset",
                    topic,
                    "--to-datetime",
                    then.toString(),
                    "--all-topics",
                    "--with-sql",
                    cleanUp(directory).toString(),
                    "--reason",
                    "read again",
                    "--execute",
                    "-o",
                    "json");
            assertThat(done.err()).contains("Done as change");
            assertThat(done.exitCode()).isZero();
            JsonNode rows = new ObjectMapper().readTree(done.out());
            long change = rows.get(0).get("change_id").asLong();
            long target = 0;
            for (JsonNode row : rows) {
                target += row.get("new_offset").asLong();
            }
            assertThat(target).as("where they stood then").isEqualTo(2_000);
            String moved = " from tidemark.stored_offset o join tidemark.audit_log a using (topic, partition)"
                    + " where a.change_id = " + change;
            await(
                    "all partitions are read again",
                    () -> database.number("select count(*)" + moved + " and o.next_offset > a.to_offset")
                            == PARTITIONS);
            // Told and not judged, as the machine may be busy.
            System.out.println("claimed again after " + database.query("select max(o.claimed_at - a.at)" + moved));
            assertThat(database.query(
                            "select partition, to_offset, reason from tidemark.audit_log where action = 'reset'"
                                    + " and change_id = " + change + " order by partition"))
                    .hasSize(PARTITIONS)
                    .allMatch(row -> row.endsWith("|read again"));
            // The undo goes back to where the group stood; before it has come there again, that would skip records.
            await(
                    "it has come there again",
                    () -> database.number("select count(*)" + moved + " and o.next_offset > a.from_offset")
                            == PARTITIONS);
            Result undone = cli.run(
                    "reset",
                    topic,
                    "--undo",
                    Long.toString(change),
                    "--with-sql",
                    directory.resolve("clean.sql").toString(),
                    "--execute");
            assertThat(undone.exitCode()).isZero();
            long sent = 2_000L + steady.stop().size();
            await("all read", () -> progress() == sent);
            ExactlyOnce.assertEffectsMatchOffsets(database, topic);
            assertThat(database.number("select count(*) from applied")).isEqualTo(sent);
            // The fold is not removed, so it shows that records were really read again.
            assertThat(FlightEffects.airports(database).values().stream()
                            .mapToLong(Flights.Airport::departures)
                            .sum())
                    .isGreaterThan(sent + 3_000);
            assertThat(database.number("select count(*) from tidemark.audit_log where action = 'undo'"))
                    .isEqualTo(PARTITIONS);
            assertThat(fleet.terminate()).as(fleet.outputs()).isTrue();
        }
    }

    /** Relative to each partition's offset under its lock, not to its offset when it was read. */
    @Test
    void toCurrentAndShiftsByNothingLoseAndDoubleNothing() {
        List<Flight> sent;
        try (var producer = kafka.producer();
                ConsumerFleet fleet = new ConsumerFleet(
                        kafka.consumerConfig(topic, "consumer"), database, topic, Map.of("records", "20"))) {
            fleet.start(2);
            Steady steady = new Steady(producer, 0);
            await("busy", () -> progress() >= 1_000);
            for (int i = 0; i < 3; i++) {
                assertThat(cli.run("reset", topic, "--to-current", "--all-topics", "--execute")
                                .exitCode())
                        .isZero();
                assertThat(cli.run("reset", topic, "--shift-by", "0", "--all-topics", "--execute", "--force")
                                .exitCode())
                        .isZero();
            }
            sent = steady.stop();
            await("all read", () -> progress() == sent.size());
            assertThat(fleet.terminate()).as(fleet.outputs()).isTrue();
        }
        assertThat(database.number("select count(*) from tidemark.audit_log where action = 'reset'"))
                .isEqualTo(6 * PARTITIONS);
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(sent));
    }
}
