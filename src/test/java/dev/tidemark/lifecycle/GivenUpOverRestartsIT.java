package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How many records in a row are given up is counted with the partition, whoever owns it. */
@Tag("exhaustive")
class GivenUpOverRestartsIT {
    private static final String COUNTS =
            "select given_up_in_row, given_up_unproven, given_up_offset from tidemark.stored_offset";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("restarts"), 1);
    private final AtomicBoolean away = new AtomicBoolean(true);

    @BeforeEach
    void table() {
        database.owner().execute("create table done (n bigint)");
    }

    private Running start(FailurePolicy policy) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).workers(1).onFailure(policy).handle((record, tx) -> {
                    if (away.get()) {
                        throw new IllegalStateException("the service is away");
                    }
                    if (record.value().equals("bad")) {
                        tx.execute("select 1 / 0");
                    }
                    if (!record.value().equals("ignored")) {
                        tx.execute("insert into done values (?)", record.offset());
                    }
                }));
    }

    private void send(String value) {
        try (var producer = kafka.producer()) {
            var unused = producer.send(new ProducerRecord<>(topic, 0, null, value));
        }
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private List<String> givenUp() {
        return database.query("select record_offset from tidemark.dead_letter union all select from_offset from"
                + " tidemark.audit_log where action = 'skip' order by 1");
    }

    private static boolean isHalted(Running running) {
        return running.consumer().status().partitions().stream().anyMatch(p -> p.state() == PartitionState.HALTED);
    }

    /** Reads up to there, or until it halts, which ends the run; returns whether it has read all. */
    private boolean readTo(Running running, long end) {
        try {
            running.until("read, or halted", () -> stored() == end || isHalted(running));
        } catch (CompletionException e) {
            assertThat(e).hasMessageContaining("TM-505");
        }
        return stored() == end;
    }

    /** As in a loop of crashes, during deployments, or where a partition goes from one member to the next. */
    @ParameterizedTest
    @CsvSource({"park, false", "park, true", "skip, false", "parkKey, false"})
    void atMostThreeAreGivenUpHoweverOftenItsOwnerChanges(String how, boolean handover) {
        FailurePolicy policy = policy(how);
        List<Running> all = new ArrayList<>();
        try {
            boolean goesOn = true;
            for (int n = 1; n <= 7 && goesOn; n++) {
                send("healthy");
                all.add(start(policy));
                if (!handover || n % 2 == 1) {
                    all.subList(0, all.size() - 1).forEach(Running::close);
                }
                Running last = all.get(all.size() - 1);
                goesOn = readTo(last, n);
            }
        } finally {
            all.forEach(Running::close);
        }
        assertThat(givenUp()).containsExactly("0", "1", "2");
        assertThat(database.query(COUNTS)).containsExactly("3|3|2");
        away.set(false);
        try (Running running = start(policy)) {
            running.until("read", () -> stored() == 4);
            assertThat(database.query(COUNTS)).containsExactly("0|0|null");
        }
        assertThat(database.query("select n from done")).containsExactly("3");
    }

    private static FailurePolicy policy(String how) {
        return switch (how) {
            case "park" -> FailurePolicy.park();
            case "skip" -> FailurePolicy.skip();
            default -> FailurePolicy.parkKey();
        };
    }

    @Test
    void theLimitOfThePolicyHoldsOverRestarts() {
        away.set(false);
        boolean goesOn = true;
        for (int n = 1; n <= 6 && goesOn; n++) {
            send("bad");
            try (Running running = start(FailurePolicy.skip().withMaxConsecutiveFailures(4))) {
                goesOn = readTo(running, n);
            }
        }
        assertThat(givenUp()).containsExactly("0", "1", "2", "3");
        try (Running running = start(FailurePolicy.skip().withMaxConsecutiveFailures(6))) {
            assertThat(readTo(running, 5)).isTrue();
        }
        assertThat(database.query(COUNTS)).containsExactly("5|0|4");
    }

    @Test
    void aSuccessInBetweenSetsItBack() {
        long end = 0;
        for (int round = 1; round <= 3; round++) {
            away.set(true);
            for (int n = 1; n <= 2; n++) {
                send("healthy");
                try (Running running = start(FailurePolicy.park())) {
                    assertThat(readTo(running, ++end)).isTrue();
                }
            }
            away.set(false);
            send("healthy");
            try (Running running = start(FailurePolicy.park())) {
                assertThat(readTo(running, ++end)).isTrue();
            }
        }
        assertThat(givenUp()).hasSize(6);
    }

    /** It proves nothing about those that write. */
    @Test
    void anIgnoredRecordDoesNotSetItBack() {
        for (int n = 1; n <= 2; n++) {
            send("healthy");
            try (Running running = start(FailurePolicy.park())) {
                assertThat(readTo(running, n)).isTrue();
            }
        }
        away.set(false);
        send("ignored");
        try (Running running = start(FailurePolicy.park())) {
            assertThat(readTo(running, 3)).isTrue();
        }
        assertThat(database.query(COUNTS)).containsExactly("0|2|1");
        away.set(true);
        boolean goesOn = true;
        for (int n = 4; n <= 6 && goesOn; n++) {
            send("healthy");
            try (Running running = start(FailurePolicy.park())) {
                goesOn = readTo(running, n);
            }
        }
        assertThat(givenUp()).containsExactly("0", "1", "3");
    }

    /** The operator has looked, whether the consumer runs or not, and whether the offset changes or not. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "select tidemark.reset_offset(group_id, topic, partition, next_offset + 1) from tidemark.stored_offset",
                "select tidemark.reset_offset(group_id, topic, partition, next_offset) from tidemark.stored_offset",
                "update tidemark.stored_offset set next_offset = next_offset + 1"
            })
    void aManualMoveSetsItBack(String move) {
        String rests = kafka.createTopic(Servers.unique("rests"), 1);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic, rests)
                        .workers(1)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> {
                            throw new IllegalStateException("the service is away");
                        }))) {
            for (int n = 1; n <= 3; n++) {
                send("healthy");
                assertThat(readTo(running, n)).isTrue();
            }
            send("healthy");
            assertThat(readTo(running, 4)).isFalse();
            database.owner().execute(move + " where topic = '" + topic + "'");
            long next = stored();
            if (next == 4) {
                send("healthy");
            }
            running.until("given up", () -> stored() == next + 1);
        }
        assertThat(givenUp()).hasSize(4);
        assertThat(database.query(COUNTS + " where topic = '" + topic + "'")).containsExactly("1|1|" + (stored() - 1));
    }
}
