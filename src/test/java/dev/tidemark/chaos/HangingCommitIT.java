package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** COMMIT hangs because it waits for a standby that is not there: it is durable here, and not visible yet. */
@Execution(ExecutionMode.SAME_THREAD) // one server, which each test breaks
@Tag("chaos")
@Tag("exhaustive")
class HangingCommitIT {
    private static EmbeddedPostgresServer postgres;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(postgres);
    private final String topic = kafka.createTopic(Servers.unique("hanging"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, 1_000);

    @BeforeAll
    static void start() {
        postgres = EmbeddedPostgresServer.start();
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    @AfterEach
    void standbyIsBack() {
        database.superuser().execute("alter system reset synchronous_standby_names", "select pg_reload_conf()");
    }

    private void standbyIsGone() {
        database.superuser().execute("create table if not exists probe (n int)");
        database.superuser()
                .execute("alter system set synchronous_standby_names = 'nosuch'", "select pg_reload_conf()");
        await(
                "the server knows",
                () -> database.query("show synchronous_standby_names").equals(List.of("nosuch")));
        // Commits wait as soon as the checkpointer knows as well.
        AtomicBoolean known = new AtomicBoolean();
        Thread probe = new Thread(
                () -> {
                    while (!known.get()) {
                        database.superuser().execute("set application_name = 'probe'", "insert into probe values (1)");
                    }
                },
                "probe");
        probe.setDaemon(true);
        probe.start();
        await(
                "commits wait",
                () -> database.superuser()
                                .number("select count(*) from pg_stat_activity where datname = current_database()"
                                        + " and wait_event = 'SyncRep' and application_name = 'probe'")
                        == 1);
        known.set(true);
    }

    @Test
    void aHangingCommitIsReportedAndNeverCancelled() {
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .limits(UnitLimits.defaults().withDeadline(Duration.ofSeconds(2)))
                                .handleBatch(FlightEffects::foldBatch))) {
            Servers.produce(producer, topic, flights.subList(0, 500));
            running.until("read", () -> stored() == 500);
            running.until("ready", () -> running.consumer().health().ready());
            standbyIsGone();
            Servers.produce(producer, topic, flights.subList(500, 1_000));
            running.until("a commit hangs", () -> hanging().size() == 1);
            List<String> backend = hanging();
            running.until("health tells", () -> !running.consumer().health().ready());
            Set<String> looks = new HashSet<>();
            running.until("the control thread looks again and again", () -> {
                looks.addAll(database.superuser()
                        .query("select query_start from pg_stat_activity where datname = current_database()"
                                + " and pid <> pg_backend_pid() and wait_event is distinct from 'SyncRep'"));
                return looks.size() > 8;
            });
            assertThat(hanging()).isEqualTo(backend);
            standbyIsBack();
            running.until("all read", () -> stored() == 1_000);
            running.until("healthy again", () -> running.consumer().health().ready());
        }
        complete();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theSuccessorWaitsForTheHangingCommitOfAProcessThatIsGone(boolean killed) {
        try (var producer = kafka.producer();
                ConsumerFleet fleet =
                        new ConsumerFleet(kafka.consumerConfig(topic, "cooperative"), database, topic, Map.of())) {
            ChildJvm owner = fleet.start();
            Servers.produce(producer, topic, flights.subList(0, 500));
            await("read", () -> stored() == 500);
            standbyIsGone();
            Servers.produce(producer, topic, flights.subList(500, 1_000));
            await("a commit hangs", () -> !hanging().isEmpty());
            String begin = database.query("select clock_timestamp()").get(0);
            if (killed) {
                owner.kill();
            } else {
                owner.freeze();
            }
            ChildJvm successor = fleet.start();
            await(
                    "the successor is held up",
                    () -> !successor.isAlive()
                            || database.superuser()
                                            .number(
                                                    "select count(*) from pg_stat_activity where datname = current_database()"
                                                            + " and (wait_event = 'SyncRep' or wait_event_type = 'Lock')"
                                                            + " and backend_start > '" + begin + "'")
                                    > 0);
            assertThat(stored()).as("what is seen of the hanging commit").isEqualTo(500);
            standbyIsBack();
            await("all read", () -> stored() == 1_000);
            if (!killed) {
                owner.thaw();
            }
            await(
                    "the successor owns the partition",
                    () -> database.query("select split_part(owner_name, '/', 2) from tidemark.stored_offset")
                            .equals(List.of(Long.toString(successor.pid()))));
        }
        complete();
    }

    /** The workers' backends that have committed and wait for the standby. */
    private List<String> hanging() {
        return database.superuser()
                .query("select pid, xact_start from pg_stat_activity where datname = current_database()"
                        + " and wait_event = 'SyncRep' and application_name like 'tidemark/%'");
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private void complete() {
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 1), Flights.truth(flights));
    }

    private static void await(String what, Callable<Boolean> holds) {
        Awaitility.await(what).until(holds);
    }
}
