package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.FreezingProxy;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A database that falls silent during a command, as behind a firewall that forgets connections: none waits forever. */
@Order(1) // its tests take longest
@Tag("exhaustive")
class SilentDatabaseIT {
    /**
     * How long a change waits for a reply, in seconds, where the 6 min of its own were too many for a test. This covers its login and
     * whatever it asks before the connection falls silent as well, which takes long on a busy machine.
     */
    private static final String SILENCE = "&socketTimeout=60";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("silent-cli"), 2);

    @BeforeEach
    void read() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 50));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                b -> b.topics(topic).untilEnd().onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    if (record.offset() == 1) {
                        throw new IllegalStateException("test");
                    }
                    FlightEffects.foldOne(record, tx);
                }))) {
            running.end();
        }
    }

    /** A command on a connection that falls silent once it says a word. */
    private record Started(List<String> args, FreezingProxy proxy, CompletableFuture<Cli.Result> end) {}

    private Started start(DatabaseRole role, String word, String more, String... args) throws IOException {
        FreezingProxy proxy = new FreezingProxy(database.server().port());
        proxy.freezeAt(sent -> sent.contains(word));
        Cli cli = Cli.with(Map.of(
                "TIDEMARK_JDBC_URL",
                proxy.through(database.as(role).jdbcUrl()) + more,
                "TIDEMARK_BOOTSTRAP_SERVERS",
                kafka.bootstrapServers()));
        return new Started(List.of(args), proxy, cli.runInBackground(args));
    }

    private void assertGivenUp(List<Started> commands, int exitCode) throws IOException {
        for (Started command : commands) {
            try (FreezingProxy proxy = command.proxy()) {
                assertEnds(command, exitCode);
                assertThat(proxy.hasFrozen()).as("%s", command.args()).isTrue();
            }
        }
    }

    private static void assertEnds(Started command, int exitCode) {
        Awaitility.await(command.args() + " ends").until(command.end()::isDone);
        assertThat(command.end().join().exitCode())
                .as(command.end().join().err())
                .isEqualTo(exitCode);
    }

    @Test
    void everyCommandGivesUp() throws IOException {
        SqlJobs.createAirportDelay(database);
        String job = SqlJobs.file("airport_delay.sql").toString();

        List<Started> looks = new ArrayList<>();
        looks.add(start(DatabaseRole.READER, "consumer_lag", "", "describe", topic));
        looks.add(start(DatabaseRole.READER, "audit_log", "", "audit", topic));
        looks.add(start(DatabaseRole.READER, "dead_letter", "", "dead-letters", "list", topic));
        looks.add(start(DatabaseRole.OPERATOR, "consumer_pause", "", "pause", topic));
        looks.add(start(DatabaseRole.WRITER, "dead_letter", "", "dead-letters", "redrive", job, topic, "--all"));
        // A run waits for an unreachable database, as always, and this one is back.
        Started run = start(
                DatabaseRole.WRITER,
                "airport_delay",
                "",
                "run",
                job,
                "--topic",
                topic,
                "--group",
                "x",
                "--until-end",
                "-q");
        assertGivenUp(looks, ExitCode.UNREACHABLE);
        assertGivenUp(List.of(run), ExitCode.DONE);
        assertThat(SqlJobs.airportDelay(database))
                .isEqualTo(Flights.truth(Flights.sample().subList(0, 50)));
    }

    @Test
    void whatAChangeCameToIsNotKnown() throws IOException {
        Started pause = start(
                DatabaseRole.OPERATOR, "tidemark.pause(", SILENCE, "pause", topic, "--execute", "--reason", "test");
        assertGivenUp(List.of(pause), ExitCode.UNREACHABLE);
        assertThat(pause.end().join().err()).contains("TM-212", "Whether the change was made is not known");
    }

    /** The server does not learn that the command is gone, and its locks are in the way of every claim. */
    @Test
    void aChangeKeepsNoLocks() throws IOException {
        Started reset = start(
                DatabaseRole.OPERATOR,
                "tidemark.reset_offset(",
                SILENCE,
                "reset",
                topic,
                "--all-topics",
                "--to-offset",
                "3",
                "--execute");
        assertEnds(reset, ExitCode.UNREACHABLE);
        Awaitility.await("the locks are gone")
                .until(() -> database.superuser()
                                .number("select count(*) from pg_stat_activity where datname = current_database()"
                                        + " and state like 'idle in transaction%'")
                        == 0);
        assertThat(database.query("select distinct next_offset::text from tidemark.stored_offset"))
                .isNotEqualTo(List.of("3"));
        assertGivenUp(List.of(reset), ExitCode.UNREACHABLE);
    }
}
