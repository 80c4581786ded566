package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.cli.testkit.Cli.Running;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.kafka.KafkaClients;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.Ports;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SQL jobs as people run them: a process that is killed, stopped, and given wrong input. */
@Order(1) // its tests take longest
class RunCommandIT {
    private static final int PARTITIONS = 3;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final Cli cli = Cli.on(database, kafka);
    private final String topic = kafka.createTopic(Servers.unique("run"), PARTITIONS);
    private final List<Flight> flights = Flights.sample();

    @TempDir
    private Path directory;

    private String[] job(String name, String... more) {
        List<String> args =
                new ArrayList<>(List.of("run", SqlJobs.file(name).toString(), "--topic", topic, "--group", topic));
        args.addAll(Arrays.asList(more));
        return args.toArray(String[]::new);
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    /** Like the other fleets: a killed member is missed within seconds. */
    private Path quickSessions() throws IOException {
        return write(
                "kafka.properties",
                "session.timeout.ms=" + KafkaClients.QUICK_SESSION_TIMEOUT.toMillis()
                        + "\nheartbeat.interval.ms=1000\n");
    }

    private void produce(List<Flight> some) {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, some);
        }
    }

    private long progress() {
        return ExactlyOnce.progress(database, topic);
    }

    private static void until(String what, Running running, Callable<Boolean> holds) {
        Awaitility.await(what).until(() -> {
            assertThat(running.process().isAlive()).as(running.err()).isTrue();
            return holds.call();
        });
    }

    @Test
    void readsToTheEndAndParksWhatItCannotRead() throws Exception {
        TestDatabase empty = Servers.postgres().createDatabase();
        SqlJobs.createAirportDelay(empty);
        produce(flights);
        try (var producer = kafka.producer()) {
            producer.send(new ProducerRecord<>(topic, 0, "key", "no json")).get();
        }
        Result result =
                Cli.on(empty, kafka).run(job("airport_delay.sql", "--until-end", "--migrate", "--workers", "2"));
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).isEmpty();
        assertThat(result.err().lines().reduce((a, b) -> b).orElseThrow())
                .matches(topic + "  20,001 records in .+ s, [0-9,]+ records/s");
        empty.grantAccess("tidemark");
        assertThat(SqlJobs.airportDelay(empty)).isEqualTo(Flights.truth(flights));
        assertThat(empty.query("select error_code from tidemark.dead_letter")).containsExactly("TM-502");

        Result again = Cli.on(empty, kafka).run(job("airport_delay.sql", "--until-end", "--quiet"));
        assertThat(again.exitCode()).isZero();
        assertThat(again.err()).isEmpty();
        assertThat(SqlJobs.airportDelay(empty)).isEqualTo(Flights.truth(flights));
    }

    @Tag("exhaustive")
    @Test
    void killedInTheMiddleAndStartedAgainItIsExact() throws Exception {
        String config = quickSessions().toString();
        try (var producer = kafka.producer()) {
            int part = flights.size() / 4;
            for (int kill = 0; kill < 3; kill++) {
                int from = kill * part;
                Load load = Load.start(producer, topic, flights.subList(from, from + part), 1, 2_000, true);
                try (Running running =
                        cli.start(job("flights.sql", "--unit-records", "100", "--kafka-config", config))) {
                    // More than there was before, so that it is this one that read.
                    until("progress beyond " + from, running, () -> progress() >= from + part / 5);
                }
                ExactlyOnce.assertEffectsMatchOffsets(database, topic);
                load.join();
            }
            // However much was read before the last kill.
            Servers.produce(producer, topic, flights.subList(3 * part, flights.size()));
        }
        Result last = cli.run(job("flights.sql", "--until-end", "--kafka-config", config));
        assertThat(last.exitCode()).as(last.err()).isZero();
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(flights));
    }

    @Test
    void sigtermEndsItOrderly() {
        produce(flights);
        try (Running running = cli.start(job("flights.sql"))) {
            until("some progress", running, () -> progress() > 0);
            running.process().destroy();
            assertThat(running.await(180)).as(running.err()).isEqualTo(143);
            assertThat(running.err()).contains(" records in ");
        }
        assertThat(database.number("select count(*) from tidemark.stored_offset where owner_token is not null"))
                .as("claims that were not given back")
                .isZero();
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void aJobThatTheServerRefusesDoesNotBegin() throws IOException {
        Path wrong = write("wrong.sql", "-- a comment\nselect nothing\n  from records");
        Result result = cli.run("run", wrong.toString(), "--topic", topic, "--group", topic);
        assertThat(result.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(result.err())
                .startsWith("TM-103")
                .contains("wrong.sql", "statement 1 at line 2", "column \"nothing\" does not exist")
                .hasLineCount(1);
        assertThat(database.query("select 1 from tidemark.topic_binding")).isEmpty();
    }

    @Tag("exhaustive")
    @Test
    void aTableThatIsLostHaltsTheRunAndParksNothing() {
        produce(flights.subList(0, 100));
        try (Running running = cli.start(job("flights.sql"))) {
            until("read", running, () -> progress() == 100);
            database.owner().execute("alter table applied rename to gone");
            produce(flights.subList(100, 1_000));
            assertThat(running.await(180)).as(running.err()).isEqualTo(ExitCode.FAILED);
            assertThat(running.err().lines().reduce((a, b) -> b).orElseThrow())
                    .startsWith("TM-505")
                    .contains("42P01", "statement 2 of ", "flights.sql, at line 8");
        }
        assertThat(database.query("select 1 from tidemark.dead_letter")).isEmpty();
        database.owner().execute("alter table gone rename to applied");
        assertThat(cli.run(job("flights.sql", "--until-end")).exitCode()).isZero();
        ExactlyOnce.assertComplete(
                database, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(flights.subList(0, 1_000)));
    }

    @Test
    void textBytesPatternsAndStartsAreAsAsked() throws Exception {
        database.owner().execute("create table seen (key text, value text, ts timestamptz)");
        // No other test may have topics that the pattern matches.
        String patterned = kafka.createTopic(Servers.unique("patterned"), 2);
        long recent = Instant.now().minus(Duration.ofHours(1)).toEpochMilli();
        long old = recent - Duration.ofDays(2).toMillis();
        Path raw =
                write("raw.sql", "insert into seen select key::text, encode(value, 'escape'), timestamp from records");
        try (var producer = kafka.producer()) {
            producer.send(new ProducerRecord<>(patterned, 0, old, "{\"a\":1}", "old"))
                    .get();
            producer.send(new ProducerRecord<>(patterned, 0, recent, "{\"a\":2}", "new"))
                    .get();
        }
        Result result = cli.run(
                "run",
                raw.toString(),
                "--topic-pattern",
                patterned.replaceAll("\\d", "[0-9]"),
                "--group",
                patterned,
                "--value",
                "bytea",
                "--key",
                "jsonb",
                "--start",
                "1d",
                "--on-failure",
                "retry=1,halt",
                "--on-gap",
                "earliest",
                "--mirror-to-kafka",
                "--strict-topic-identity",
                "--until-end");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(database.query("select key, value, (extract(epoch from ts) * 1000)::bigint from seen"))
                .containsExactly("{\"a\": 2}|new|" + recent);
    }

    private static HttpResponse<String> get(int port, String page) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + port + page))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Tag("exhaustive")
    @Test
    void probesAndScrapersAreAnswered() throws Exception {
        produce(flights.subList(0, 100));
        int port = Ports.free();
        try (Running running = cli.start(job("flights.sql", "--http-port", Integer.toString(port)))) {
            until("read", running, () -> progress() == 100);
            until("ready", running, () -> get(port, "/ready").statusCode() == 200);
            until("no problem", running, () -> {
                String health = get(port, "/health").body();
                return health.contains("\"live\":true") && health.contains("\"problems\":[]");
            });
            assertThat(get(port, "/metrics").body())
                    .contains("tidemark_", "kafka_", topic)
                    .doesNotContain(Canary.KEY.plant());
            Result second = cli.run(job("flights.sql", "--http-port", Integer.toString(port)));
            assertThat(second.exitCode()).as(second.err()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(second.err()).contains("TM-103", Integer.toString(port), "--http-port");
            running.process().destroy();
            assertThat(running.await(180)).as(running.err()).isEqualTo(143);
        }
    }

    /** It would go through the topic and leave nothing behind. */
    @Test
    void aJobThatReadsNoRecordIsRefusedUnlessThatIsMeant() throws IOException {
        produce(flights.subList(0, 100));
        database.owner().execute("create table unit_log (at timestamptz)", "create table load_stats (records int)");
        for (String sql : List.of(
                "insert into unit_log values (now())",
                "insert into load_stats (records) values (1)",
                "insert into unit_log select now() -- from records\n;",
                "do $$ begin insert into unit_log select now() from records; end $$")) {
            Path file = write("blind.sql", sql);
            String[] run = {"run", file.toString(), "--topic", topic, "--group", topic, "--until-end"};
            Result refused = cli.run(run);
            assertThat(refused.err())
                    .as(sql)
                    .contains("TM-103", "no statement of the SQL job reads records", "--without-records");
            assertThat(refused.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(cli.run("dead-letters", "redrive", file.toString(), topic, "--all")
                            .err())
                    .contains("TM-103", "--without-records");
        }
        assertThat(progress()).isZero();
        Path meant = write("meant.sql", "insert into unit_log values (now())");
        Result done = cli.run(
                "run", meant.toString(), "--topic", topic, "--group", topic, "--until-end", "--without-records");
        assertThat(done.exitCode()).as(done.err()).isZero();
        assertThat(progress()).isEqualTo(100);
        assertThat(database.number("select count(*) from unit_log")).isPositive();
    }

    @Tag("exhaustive")
    @Test
    void serversThatAreAwayAreWaitedForNoLongerThanAsked() throws IOException {
        for (Map<String, String> away : List.of(
                Map.of("TIDEMARK_JDBC_URL", "jdbc:postgresql://localhost:1/none"),
                Map.of("TIDEMARK_BOOTSTRAP_SERVERS", "localhost:1"))) {
            Map<String, String> environment = new HashMap<>(Map.of(
                    "TIDEMARK_JDBC_URL",
                    database.as(DatabaseRole.WRITER).jdbcUrl(),
                    "TIDEMARK_BOOTSTRAP_SERVERS",
                    kafka.bootstrapServers()));
            environment.putAll(away);
            // Long enough that a server that is only late is not named at its end.
            Result result = Cli.with(environment).run(job("flights.sql", "--until-end", "--wait-at-most", "15s"));
            assertThat(result.exitCode()).as(away + result.err()).isEqualTo(ExitCode.UNREACHABLE);
            assertThat(result.err().lines().reduce((a, b) -> b).orElseThrow())
                    .startsWith(away.containsKey("TIDEMARK_JDBC_URL") ? "TM-212" : "TM-310")
                    .contains("--wait-at-most 15s");
        }
        Result wrong = cli.run(job("flights.sql", "--wait-at-most", "2026-11-27"));
        assertThat(wrong.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    }

    @Test
    void whatIsTypedWronglyIsExplained() throws IOException {
        Path commits = write("commits.sql", "select 1;\ncommit;");
        for (Map.Entry<String[], String> wrong : Map.of(
                        new String[] {"run", "nothing.sql", "--topic", "t", "--group", "g"},
                        "nothing.sql",
                        new String[] {"run", commits.toString(), "--topic", "t", "--group", "g"},
                        "COMMIT",
                        new String[] {"run", SqlJobs.file("flights.sql").toString(), "--group", "g"},
                        "--topic",
                        new String[] {"run", commits.toString(), "--topic", "t"},
                        "--group",
                        job("flights.sql", "--start", "whenever"),
                        "2026-11-27T07:00+01:00",
                        job("flights.sql", "--on-failure", "retry=2"),
                        "retry=3,park",
                        job("flights.sql", "--on-gap", "jump"),
                        "earliest",
                        job("flights.sql", "--value", "xml"),
                        "jsonb",
                        job("flights.sql", "--workers", "0"),
                        "workers",
                        job("flights.sql", "--topic-pattern", "("),
                        "--topic-pattern")
                .entrySet()) {
            Result result = cli.run(wrong.getKey());
            assertThat(result.exitCode())
                    .as(String.join(" ", wrong.getKey()) + result.err())
                    .isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err()).containsIgnoringCase(wrong.getValue());
        }
        Result missing = cli.run(job("flights.sql", "--schema", "elsewhere"));
        assertThat(missing.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(missing.err()).contains("TM-201", "tidemark migrate");
    }

    /** A server that other consumers need, too, must not lose all its connections to one that asks for too many. */
    @ParameterizedTest
    @CsvSource({"300, TM-102", "262142, TM-102", "262143, TM-103", "2147483647, TM-103"})
    void moreWorkersThanTheServerHasConnectionsAreRefused(String workers, String code) {
        Result refused = cli.run(job("flights.sql", "--until-end", "--workers", workers));
        assertThat(refused.exitCode()).as(refused.err()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(refused.err())
                .contains(code + ": ")
                .contains(
                        code.equals("TM-102")
                                ? "max_connections"
                                : "'" + workers + "' is not a whole number from 1 to 262142");
        assertThat(database.number("select count(*) from pg_stat_activity where datname = current_database()"))
                .isLessThan(20);
    }

    @Test
    void aGroupsNameControlsNoTerminal() {
        Result done = cli.run(
                "run",
                SqlJobs.file("flights.sql").toString(),
                "--topic",
                topic,
                "--group",
                "a\u001b[2Jb\u202e",
                "--until-end");
        assertThat(done.exitCode()).as(done.err()).isZero();
        assertThat(done.err()).contains("a?[2Jb?  0 records").doesNotContain("a\u001b", "\u202e");
    }

    @Test
    void topicsAreNamedOrMatched() {
        Result both = cli.run(job("flights.sql", "--topic-pattern", "a.*"));
        assertThat(both.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(both.err())
                .startsWith("TM-103")
                .contains("pass one of the two")
                .doesNotContain("no topics");
        Result empty = cli.run(job("flights.sql", "--topic", "a,,b"));
        assertThat(empty.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(empty.err()).startsWith("TM-103").contains("an empty name");
    }

    @Test
    void aListOfTopicsMayHaveBlanks() {
        String other = kafka.createTopic(Servers.unique("run-other"), 1);
        produce(flights.subList(0, 500));
        Result result = cli.run(
                "run",
                SqlJobs.file("flights.sql").toString(),
                "--topic",
                " " + topic + " , " + other,
                "--group",
                topic,
                "--until-end");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(progress()).isEqualTo(500);
    }

    /** A command that is refused for its arguments has changed nothing. */
    @Test
    void whatIsWrongIsFoundBeforeAnythingIsMigrated() throws IOException {
        TestDatabase empty = Servers.postgres().createDatabase();
        Cli there = Cli.on(empty, kafka);
        String forced = write("forced.properties", "enable.auto.commit=true\n").toString();
        String controllers = write("controllers.properties", "bootstrap.controllers=localhost:9\n")
                .toString();
        String postgres = empty.jdbcUrl().replaceFirst("^jdbc:postgresql://([^/]+)/.*", "$1");
        for (String[] wrong : new String[][] {
            {"--topic-pattern", "a.*"},
            {"--http-host", "localhost"},
            {"--http-port", "99999"},
            {"--wait-at-most", "2026-11-27"},
            {"--workers", "0"},
            {"--unit-records", "0"},
            {"--kafka-config", forced},
            {"--kafka-config", controllers},
            {"--bootstrap-servers", postgres},
            {"--bootstrap-servers", ","},
            {"--bootstrap-servers", " ,, "}
        }) {
            String[] args = Arrays.copyOf(wrong, wrong.length + 1);
            args[wrong.length] = "--migrate";
            Result result = there.run(job("flights.sql", args));
            assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err()).startsWith("TM-10").hasLineCount(1);
            assertThat(empty.owner().query("select 1 from pg_namespace where nspname = 'tidemark'"))
                    .as(String.join(" ", wrong))
                    .isEmpty();
        }
    }

    /** Kafka's client would try to allocate what it takes for a length, and run out of memory. */
    @Tag("exhaustive")
    @Test
    void anotherServerInPlaceOfKafkaIsNamed() {
        String postgres = database.jdbcUrl().replaceFirst("^jdbc:postgresql://([^/]+)/.*", "$1");
        for (String[] args : new String[][] {
            job("flights.sql", "--bootstrap-servers", postgres),
            {"reset", topic, "--all-topics", "--to-earliest", "--bootstrap-servers", postgres}
        }) {
            Result result = cli.runProcess(args);
            assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err())
                    .startsWith("TM-103")
                    .contains(postgres + " does not speak Kafka")
                    .hasLineCount(1);
        }
    }
}
