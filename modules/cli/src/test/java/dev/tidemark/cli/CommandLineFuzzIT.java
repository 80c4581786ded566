package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.FuzzedCommand.World;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.FuzzSize;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever is typed ends with a documented exit code, and with one line that has a code if it failed: no stack, no secret, no code for
 * what nobody expected, and no end to waiting. {@code -Dtidemark.test.fuzz=N} sets the number of commands.
 */
@Tag("exhaustive")
class CommandLineFuzzIT {
    private static final int THREADS = 4;
    private static final Pattern ERROR = Pattern.compile("TM-\\d{3}: .+");
    private static final Pattern STACK =
            Pattern.compile("(?m)^\\s+at [\\w.$/<>]+\\(|^Caused by:|^Exception in thread|\\.java:\\d+\\)");

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final Queue<String> problems = new ConcurrentLinkedQueue<>();
    private final Map<Integer, AtomicInteger> exits = new TreeMap<>();
    private final AtomicInteger left = new AtomicInteger(FuzzSize.orElse(250));

    /** One thread's own group and topic, so that the others' commands change nothing of it. */
    private final class Typist extends Thread {
        private final Random random;
        private final World world;

        Typist(long seed) {
            super("test-typist-" + seed);
            this.random = new Random(seed);
            String topic = kafka.createTopic(Servers.unique("fuzzed"), 2);
            this.world = new World(
                    topic,
                    topic,
                    database.writer().jdbcUrl(),
                    new FuzzFiles(Servers.directory("fuzzed"), topic, topic));
            try (var producer = kafka.producer()) {
                for (int i = 0; i < 10; i++) {
                    var unused = producer.send(new ProducerRecord<>(topic, i % 2, "k", "{\"v\":" + (i % 4) + "}"));
                }
            }
        }

        @Override
        public void run() {
            for (int n = 0; left.getAndDecrement() > 0; n++) {
                try {
                    if (n % 10 == 0) {
                        prepare(world);
                    }
                    FuzzedCommand command = FuzzedCommand.any(world, random);
                    judge(command, type(command));
                } catch (RuntimeException | Error e) {
                    problems.add("the test failed: " + e);
                    throw e;
                }
            }
        }

        private Result type(FuzzedCommand command) {
            if (command.arguments().get(0).equals("run")) {
                // One on a paused group waits until somebody resumes it.
                database.owner().execute("delete from tidemark.consumer_pause");
            }
            Map<String, String> environment = new HashMap<>();
            environment.put("TIDEMARK_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
            if (random.nextInt(5) == 0) {
                DatabaseRole role = FuzzedWords.of(
                        List.of(DatabaseRole.READER, DatabaseRole.WRITER, DatabaseRole.OPERATOR, DatabaseRole.OWNER),
                        random);
                environment.put("TIDEMARK_JDBC_URL", database.as(role).jdbcUrl());
            } else {
                environment.put(
                        "TIDEMARK_JDBC_URL",
                        database.as(Cli.roleFor(command.arguments())).jdbcUrl());
            }
            environment.putAll(command.environment());
            String[] arguments = command.arguments().toArray(String[]::new);
            // As people call it, with what libraries log: slower.
            if (random.nextInt(40) == 0) {
                if (random.nextBoolean()) {
                    environment.remove("TIDEMARK_JDBC_URL");
                    environment.putAll(asForPsql());
                }
                return Cli.with(environment).runProcess(arguments);
            }
            var running = Cli.with(environment).runInBackground(arguments);
            try {
                return running.get(3, TimeUnit.MINUTES);
            } catch (TimeoutException e) {
                return new Result(-1, "", "it hangs");
            } catch (Exception e) {
                return new Result(-2, "", String.valueOf(e.getCause()));
            }
        }
    }

    private Map<String, String> asForPsql() {
        return Map.of(
                "PGHOST", "localhost",
                "PGPORT", Integer.toString(database.server().port()),
                "PGDATABASE", database.name(),
                "PGUSER", database.writer().role(),
                "PGPASSWORD", Canary.PASSWORD.plant(),
                "LC_ALL", "C");
    }

    private void judge(FuzzedCommand command, Result result) {
        synchronized (exits) {
            exits.computeIfAbsent(result.exitCode(), code -> new AtomicInteger())
                    .incrementAndGet();
        }
        List<String> wrong = new ArrayList<>();
        int code = result.exitCode();
        String first = command.arguments().get(0);
        if (code < 0 || code > ExitCode.FINDINGS || (code == ExitCode.FINDINGS && !first.equals("doctor"))) {
            wrong.add("exit code " + code);
        }
        long errors = result.err()
                .lines()
                .filter(line -> ERROR.matcher(line).matches())
                .count();
        // A table says what doctor found, and what could not be redriven.
        boolean told = code == ExitCode.FINDINGS
                || (code == ExitCode.FAILED && command.arguments().contains("redrive"));
        if (code == ExitCode.DONE ? errors > 0 : errors > 1 || (errors == 0 && !told)) {
            wrong.add(errors + " lines with a code");
        }
        if (code != ExitCode.DONE
                && !told
                && !first.equals("run")
                && result.err().lines().count() != 1) {
            wrong.add("more than one line");
        }
        String all = result.out() + result.err();
        if (STACK.matcher(all).find()) {
            wrong.add("a stack");
        }
        if (Canary.PASSWORD.isIn(all)) {
            wrong.add("a secret");
        }
        if (result.err().contains("TM-900") || result.err().contains("Exception;")) {
            wrong.add("unexpected");
        }
        if (result.err().codePoints().anyMatch(c -> Character.isISOControl(c) && c != '\n')) {
            wrong.add("a control character");
        }
        if (!wrong.isEmpty()) {
            String err = result.err();
            problems.add(wrong + " " + command + " -> " + code + " " + err.substring(0, Math.min(1_500, err.length())));
        }
    }

    private void prepare(World world) {
        String bound = "select count(*) from tidemark.topic_binding where group_id = '" + world.group()
                + "' and topic = '" + world.topic() + "'";
        if (database.number(bound) == 0) {
            database.execute("select tidemark.bind_topic('" + world.group() + "', '" + world.topic() + "', '"
                    + KafkaServer.get(kafka.admin().describeCluster().clusterId()) + "', '"
                    + kafka.topicId(world.topic()) + "', '{0,0}')");
        }
        database.owner()
                .execute("insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset,"
                        + " timestamp_ms, timestamp_type, value, error_code, attempts, parked_by) select group_id, topic,"
                        + " incarnation, 0, 0, 0, 'CreateTime', '{\"v\":0}', 'TM-502', 1, 'me' from tidemark.topic_binding"
                        + " where group_id = '" + world.group() + "' and topic = '" + world.topic()
                        + "' on conflict do nothing");
    }

    private List<String> bystander() {
        return database.query("select group_id, topic, partition, next_offset, owner_epoch from tidemark.stored_offset"
                + " where group_id = 'bystander'");
    }

    @Test
    void whateverIsTyped() throws InterruptedException {
        database.owner().execute("create table fuzzed (v text)");
        database.owner().execute("grant all on fuzzed to public");
        database.execute("select tidemark.bind_topic('bystander', 'kept', 'c', 't', '{7}')");
        List<String> before = bystander();
        Random random = Seeds.random("CommandLineFuzzIT");
        int cases = left.get();
        List<Typist> typists = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            typists.add(new Typist(random.nextLong()));
        }
        typists.forEach(Thread::start);
        for (Typist typist : typists) {
            typist.join();
        }
        System.out.println("CommandLineFuzzIT: " + cases + " commands, by exit code " + exits);
        problems.forEach(problem -> System.out.println("PROBLEM " + problem));
        assertThat(problems).isEmpty();
        assertThat(exits.keySet()).contains(ExitCode.DONE, ExitCode.WRONG_INPUT);
        assertThat(bystander()).isEqualTo(before);
    }
}
