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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A process that is stopped in the middle of a unit, for longer than something waits for it, and goes on as if nothing had happened. */
class SuspendedProcessIT {
    private static final int RECORDS = 4;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("suspended"), 1);

    /** What has waited too long when the process goes on, and how long that is. */
    enum Limit {
        /** The server, for the next statement of the handler. */
        IDLE_BEFORE_A_STATEMENT(3, 240, 6),
        /** The server, for the advance: the handler has nothing left to do. */
        IDLE_BEFORE_THE_ADVANCE(3, 240, 6),
        /** The whole unit. */
        DEADLINE(240, 10, 15),
        /** What the handler uses, which counts by the clock. */
        A_LIBRARY(240, 240, 6);

        private final Duration idle;
        private final Duration deadline;
        private final int stopped;

        Limit(int idle, int deadline, int stopped) {
            this.idle = Duration.ofSeconds(idle);
            this.deadline = Duration.ofSeconds(deadline);
            this.stopped = stopped;
        }

        void handle(Handle tx, long offset) throws Exception {
            if (this == IDLE_BEFORE_THE_ADVANCE) {
                note(tx, offset);
            }
            long began = System.nanoTime();
            System.out.println("AT WORK " + offset);
            while (System.in.read() != '\n') {}
            if (this == DEADLINE) {
                // Whoever watches units sees this one.
                tx.execute("select pg_sleep(2)");
            }
            if (this == A_LIBRARY && System.nanoTime() - began > 3_000_000_000L) {
                throw new IllegalStateException("no reply in time");
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
        assertThat(outputOfOneSuspended(Limit.DEADLINE, policy, inBatches)).doesNotContain("TM-");
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
        try (var producer = kafka.batchingProducer()) {
            for (int n = 0; n < RECORDS; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, "record"));
            }
        }
        try (ChildJvm process = start(limit, policy, inBatches)) {
            // Nothing is known of a process that has never been seen awake.
            goOn(process, 0);
            untilAtWork(process, 1);
            process.freeze();
            Awaitility.await("waited too long")
                    .until(() -> database.superuser()
                            .query("select pid from pg_stat_activity where datname = current_database()"
                                    + " and pid <> pg_backend_pid() and xact_start > now() - interval '" + limit.stopped
                                    + " s'")
                            .isEmpty());
            process.send("");
            process.thaw();
            if (limit != Limit.DEADLINE) {
                Awaitility.await("tried again").until(() -> timesAtWork(process, 1) == 2 || !process.isAlive());
                process.send("");
            }
            for (int n = 2; n < RECORDS; n++) {
                goOn(process, n);
            }
            Awaitility.await("all read")
                    .until(() -> ExactlyOnce.progress(database, topic) == RECORDS || !process.isAlive());
            assertThat(database.query("select n from done order by n")).containsExactly("0", "1", "2", "3");
            return process.output();
        }
    }

    private static void goOn(ChildJvm process, int offset) {
        untilAtWork(process, offset);
        process.send("");
    }

    private static void untilAtWork(ChildJvm process, int offset) {
        Awaitility.await("at work").until(() -> timesAtWork(process, offset) > 0 || !process.isAlive());
    }

    private static long timesAtWork(ChildJvm process, int offset) {
        return process.output().lines().filter(("AT WORK " + offset)::equals).count();
    }

    private ChildJvm start(Limit limit, String policy, boolean inBatches) {
        Map<String, Object> config = new HashMap<>(kafka.consumerConfig(topic, "cooperative"));
        config.put("session.timeout.ms", "24000");
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
            RecordHandler<String, String> handler = (record, tx) -> limit.handle(tx, record.offset());
            try (HikariDataSource pool = TestDatabase.pool(args[0], 2)) {
                var builder = Tidemark.consumer(config)
                        .topics(args[1])
                        .deserializers(StringDeserializer::new, StringDeserializer::new)
                        .database(pool)
                        .limits(UnitLimits.defaults().withMaxRecords(1).withDeadline(limit.deadline))
                        .transactionIdleTimeout(limit.idle)
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
                consumer.run();
            }
        }
    }
}
