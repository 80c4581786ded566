package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.ProvokedCodes;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A process that is stopped in the middle of a unit, for longer than something waits for it, and goes on as if nothing had happened. */
@Tag("exhaustive")
class SuspendedProcessIT {
    private static final int RECORDS = 4;

    /** The offset of the record that the process is suspended in. */
    private static final long SUSPENDED = 1;

    private static final int LOCK = 4711;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("suspended"), 1);

    /** What has waited too long when the process goes on. */
    enum Limit {
        /** The server, for the next statement of the handler. */
        IDLE_BEFORE_A_STATEMENT,
        /** The server, for the advance: the handler has nothing left to do. */
        IDLE_BEFORE_THE_ADVANCE,
        /** The whole unit. */
        DEADLINE,
        /** What the handler uses, which counts by the clock. */
        A_LIBRARY;

        private Duration deadline() {
            // What is not suspended may take a busy machine a while.
            return this == DEADLINE ? Duration.ofSeconds(40) : Duration.ofMinutes(4);
        }

        private boolean isServers() {
            return this == IDLE_BEFORE_A_STATEMENT || this == IDLE_BEFORE_THE_ADVANCE;
        }

        /** One record; the process is to be suspended in the middle of it. */
        void handle(Handle tx, long offset, boolean suspended) throws Exception {
            if (this == IDLE_BEFORE_THE_ADVANCE) {
                note(tx, offset);
            }
            System.out.println("AT WORK " + offset);
            if (suspended && isServers()) {
                // The transaction becomes idle when the test releases the lock, and not before.
                tx.execute("select set_config('idle_in_transaction_session_timeout', '3s', true),"
                        + " pg_advisory_xact_lock(" + LOCK + ")");
            } else if (suspended) {
                long began = System.nanoTime();
                while (System.in.read() != '\n') {}
                if (this == A_LIBRARY && System.nanoTime() - began > 3_000_000_000L) {
                    throw new IllegalStateException("no reply in time");
                }
            }
            if (this == DEADLINE) {
                // Whoever watches units sees this one.
                tx.execute("select pg_sleep(2)");
            }
            if (this != IDLE_BEFORE_THE_ADVANCE) {
                note(tx, offset);
            }
        }

        private static void note(Handle tx, long offset) {
            tx.execute("insert into public.done values (?)", offset);
        }
    }

    /** Its time does not count. */
    @ParameterizedTest
    @CsvSource({"halt, false", "park, false", "halt, true"})
    void doesNotReachTheDeadline(String policy, boolean inBatches) {
        // It may be stopped while its control thread is in a transaction too, which the server ends.
        assertThat(outputOfOneSuspended(Limit.DEADLINE, policy, inBatches).lines())
                .filteredOn(line -> line.contains("TM-") && !line.contains("control.Outage"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "IDLE_BEFORE_A_STATEMENT, halt, false",
        "IDLE_BEFORE_A_STATEMENT, skip, false",
        "IDLE_BEFORE_A_STATEMENT, halt, true",
        "IDLE_BEFORE_THE_ADVANCE, halt, false",
        "A_LIBRARY, halt, false",
        "A_LIBRARY, skip, true"
    })
    @Provokes(ErrorCode.PROCESS_SUSPENDED)
    void triesAgainWhatFailed(Limit limit, String policy, boolean inBatches) {
        ProvokedCodes.note(outputOfOneSuspended(limit, policy, inBatches));
    }

    private String outputOfOneSuspended(Limit limit, String policy, boolean inBatches) {
        database.owner().execute("create table done (n bigint)");
        try (Connection holder = database.superuser().connect();
                Statement lock = holder.createStatement();
                ChildJvm process = start(limit, policy, inBatches)) {
            lock.execute("select pg_advisory_lock(" + LOCK + ")");
            await(process, "watched", () -> process.output().contains("WATCHED"));
            try (var producer = kafka.batchingProducer()) {
                for (int n = 0; n < RECORDS; n++) {
                    var unused = producer.send(new ProducerRecord<>(topic, 0, null, "record"));
                }
            }
            await(process, "at work", () -> timesAtWork(process, SUSPENDED) > 0);
            if (limit.isServers()) {
                await(process, "the handler's last statement is there", () -> sessions("wait_event = 'advisory'") == 1);
            }
            process.freeze();
            if (limit.isServers()) {
                lock.execute("select pg_advisory_unlock(" + LOCK + ")");
                await(process, "the server has waited too long", () -> sessions("xact_start is not null") == 0);
            } else {
                String now = database.query("select clock_timestamp()").get(0);
                String seconds = limit == Limit.DEADLINE ? "45" : "6";
                await(
                        process,
                        "suspended for too long",
                        () -> database.number("select count(*) where clock_timestamp() > timestamptz '" + now
                                        + "' + interval '" + seconds + " s'")
                                == 1);
                process.send("");
            }
            process.thaw();
            await(process, "all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            assertThat(timesAtWork(process, SUSPENDED))
                    .as("attempts of the unit that was suspended")
                    .isEqualTo(limit == Limit.DEADLINE ? 1 : 2);
            assertThat(database.query("select n from done order by n")).containsExactly("0", "1", "2", "3");
            return process.output();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(ChildJvm process, String what, Callable<Boolean> holds) {
        Awaitility.await(what).until(() -> {
            assertThat(process.isAlive()).as(process.output()).isTrue();
            return holds.call();
        });
    }

    /** The workers' sessions that are in this state. */
    private long sessions(String state) {
        return database.superuser()
                .number("select count(*) from pg_stat_activity where datname = current_database()"
                        + " and application_name like 'tidemark/%' and " + state);
    }

    private static long timesAtWork(ChildJvm process, long offset) {
        return process.output().lines().filter(("AT WORK " + offset)::equals).count();
    }

    private ChildJvm start(Limit limit, String policy, boolean inBatches) {
        Map<String, Object> config = new HashMap<>(kafka.consumerConfig(topic, "cooperative"));
        config.put("session.timeout.ms", "240000");
        List<String> args =
                new ArrayList<>(List.of(database.jdbcUrl(), topic, limit.name(), policy, Boolean.toString(inBatches)));
        config.forEach((key, value) -> args.add(key + "=" + value));
        Path log = Servers.directory("suspended").resolve(topic + ".log");
        return ChildJvm.start(log, Suspended.class, ChildJvm.QUICK, args);
    }

    /** The process. */
    static final class Suspended {
        private Suspended() {}

        public static void main(String[] args) {
            Map<String, Object> config = List.of(args).subList(5, args.length).stream()
                    .map(arg -> arg.split("=", 2))
                    .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
            Limit limit = Limit.valueOf(args[2]);
            AtomicBoolean suspended = new AtomicBoolean();
            RecordHandler<String, String> handler = (record, tx) ->
                    limit.handle(tx, record.offset(), record.offset() == SUSPENDED && !suspended.getAndSet(true));
            try (HikariDataSource pool = TestDatabase.pool(args[0], 2)) {
                var builder = Tidemark.consumer(config)
                        .topics(args[1])
                        .deserializers(StringDeserializer::new, StringDeserializer::new)
                        .database(pool)
                        .limits(UnitLimits.defaults().withMaxRecords(1).withDeadline(limit.deadline()))
                        .transactionIdleTimeout(Duration.ofMinutes(4))
                        .onFailure(
                                switch (args[3]) {
                                    case "halt" -> FailurePolicy.halt();
                                    case "skip" -> FailurePolicy.skip();
                                    default -> FailurePolicy.park();
                                });
                TidemarkConsumer consumer = Boolean.parseBoolean(args[4])
                        ? builder.handleBatch((records, tx) -> {
                            for (var record : records) {
                                handler.handle(record, tx);
                            }
                        })
                        : builder.handle(handler);
                Thread probe = new Thread(() -> sayWhenWatched(args[1]));
                probe.setDaemon(true);
                probe.start();
                consumer.run();
            }
        }

        /** Nothing is known of a process that has never been seen awake: the thread that watches has to have waited and woken up. */
        private static void sayWhenWatched(String group) {
            Awaitility.await("watched")
                    .forever()
                    .until(() -> Arrays.stream(
                                    ManagementFactory.getThreadMXBean().dumpAllThreads(false, false))
                            .anyMatch(thread -> thread.getThreadName().equals("tidemark-" + group + "-watch")
                                    && thread.getWaitedCount() > 5));
            System.out.println("WATCHED");
        }
    }
}
