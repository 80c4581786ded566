package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records of held keys and free ones between them: one unit holds both, and each goes where it belongs. */
class ParkedKeysIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("parked-keys"), 1);
    private final AtomicInteger units = new AtomicInteger();
    private final AtomicLong parked = new AtomicLong();

    @BeforeEach
    void createTable() {
        database.owner()
                .execute(
                        "create table seen (record_offset bigint primary key, key text not null)",
                        "grant all on seen to public");
    }

    private void produce(List<ProducerRecord<String, String>> records) throws Exception {
        try (var producer = kafka.producer()) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (ProducerRecord<String, String> record : records) {
                sent.add(producer.send(record));
            }
            for (Future<RecordMetadata> one : sent) {
                one.get();
            }
        }
    }

    private ProducerRecord<String, String> record(@Nullable String key, String value) {
        return new ProducerRecord<>(topic, 0, key, value);
    }

    /** A value {@code bad} fails by itself. */
    private static void apply(long offset, String key, String value, Handle tx) {
        tx.execute("insert into seen values (?, ?)", offset, key);
        if (value.equals("bad")) {
            tx.execute("select 1 / 0");
        }
    }

    private Running start(FailurePolicy policy, boolean batches) {
        TidemarkListener counting = new TidemarkListener() {
            @Override
            public void unitEnded(Unit unit) {
                units.incrementAndGet();
            }

            @Override
            public void parked(RecordsGivenUp records) {
                parked.addAndGet(records.records());
            }
        };
        Function<TidemarkBuilder<String, String>, TidemarkConsumer> special = builder -> {
            TidemarkBuilder<String, String> all = builder.topics(topic)
                    .onFailure(policy)
                    .addListener(counting)
                    // A unit is as large as what waits, however slow the machine is.
                    .limits(UnitLimits.defaults().withMaxDuration(Duration.ofMinutes(5)));
            return batches
                    ? all.handleBatch((records, tx) -> records.forEach(r -> apply(r.offset(), r.key(), r.value(), tx)))
                    : all.handle((r, tx) -> apply(r.offset(), r.key(), r.value(), tx));
        };
        return Running.start(database, kafka.consumerConfig(topic, "cooperative"), special);
    }

    private long stored() {
        return database.number(
                "select coalesce(max(next_offset), 0) from tidemark.stored_offset where topic = '" + topic + "'");
    }

    private void readAll(FailurePolicy policy, boolean batches, long end) {
        try (Running running = start(policy, batches)) {
            running.until("all read", () -> stored() == end);
        }
    }

    private static FailurePolicy parkKey() {
        return FailurePolicy.parkKey().withMaxConsecutiveFailures(Integer.MAX_VALUE);
    }

    private Set<Long> offsets(String sql) {
        Set<Long> offsets = new HashSet<>();
        database.query(sql).forEach(row -> offsets.add(Long.parseLong(row)));
        return offsets;
    }

    @Test
    void heldAndFreeRecordsTakeTurnsInOneUnit() throws Exception {
        produce(List.of(record("held", "bad"), record("free", "good")));
        readAll(parkKey(), true, 2);
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            records.add(record(i % 2 == 0 ? "held" : "free", "good"));
        }
        produce(records);
        units.set(0);
        parked.set(0);
        readAll(parkKey(), true, 1_002);
        assertThat(units.get()).as("units for 1,000 records").isBetween(1, 100);
        assertThat(parked.get()).isEqualTo(500);
        assertThat(database.number("select count(*) from seen where key = 'free'"))
                .isEqualTo(501);
        assertThat(database.number("select count(*) from seen where key = 'held'"))
                .isZero();
        assertThat(database.number("select count(*) from tidemark.dead_letter where holds_key and error_code is null"))
                .isEqualTo(500);
        assertThat(database.number("select count(*) from tidemark.audit_log where action = 'park'"))
                .isEqualTo(501);
    }

    @Test
    void aKeyOfWhichNothingIsParkedAnyMoreIsHandledLikeAnyOther() throws Exception {
        produce(List.of(record("gone", "bad"), record("held", "bad"), record("free", "good"), record("free", "good")));
        try (Running running = start(parkKey(), false)) {
            running.until("parked", () -> stored() == 4);
            database.execute("select tidemark.drop_dead_letter('" + topic
                    + "', (select id from tidemark.dead_letter where record_offset = 0), 'test')");
            List<ProducerRecord<String, String>> records = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                records.add(record(List.of("gone", "held", "free").get(i % 3), "good"));
            }
            produce(records);
            running.until("all read", () -> stored() == 34);
        }
        assertThat(database.query("select key, count(*) from seen group by 1 order by 1"))
                .containsExactly("free|12", "gone|10");
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isEqualTo(11);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whateverComesEachRecordGoesWhereItBelongs(boolean batches) throws Exception {
        Random random = Seeds.random("ParkedKeysIT");
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        Set<Long> dead = new HashSet<>();
        Set<String> held = new HashSet<>();
        int size = 400;
        for (long offset = 0; offset < size; offset++) {
            String key = random.nextInt(10) == 0 ? null : "k" + random.nextInt(25);
            boolean bad = random.nextInt(30) == 0;
            records.add(record(key, bad ? "bad" : "good"));
            if (bad || (key != null && held.contains(key))) {
                dead.add(offset);
                if (key != null) {
                    held.add(key);
                }
            }
        }
        database.owner().execute("alter table seen alter column key drop not null");
        produce(records);
        readAll(parkKey(), batches, size);
        assertThat(offsets("select record_offset from tidemark.dead_letter")).isEqualTo(dead);
        Set<Long> applied = new HashSet<>();
        for (long offset = 0; offset < size; offset++) {
            if (!dead.contains(offset)) {
                applied.add(offset);
            }
        }
        assertThat(offsets("select record_offset from seen")).isEqualTo(applied);
    }

    private double rate(FailurePolicy policy, long from, long to) {
        units.set(0);
        long began = System.nanoTime();
        readAll(policy, true, to);
        return (to - from) / ((System.nanoTime() - began) / 1e9);
    }

    /** The rates are told, and not judged, as the machine may be busy; the units are. */
    @Tag("exhaustive")
    @Test
    void parkKeyTakesNotManyMoreUnitsThanPark() throws Exception {
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        Random random = Seeds.random("ParkedKeysIT");
        Set<Integer> bad = new HashSet<>();
        int held = 0;
        for (int i = 0; i < 2_000; i++) {
            int key = random.nextInt(40);
            records.add(record("k" + key, key < 10 && bad.add(key) ? "bad" : "good"));
            held += key < 10 ? 1 : 0;
        }
        produce(records);
        double park = rate(FailurePolicy.park().withMaxConsecutiveFailures(Integer.MAX_VALUE), 0, 2_000);
        int unitsOfPark = units.get();
        produce(records);
        double parkKey = rate(parkKey(), 2_000, 4_000);
        System.out.printf(
                "2,000 records, of which 10 fail: park %.0f records/s in %d units, parkKey %.0f in %d%n",
                park, unitsOfPark, parkKey, units.get());
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isEqualTo(10 + held);
        assertThat(units.get()).as("units").isLessThan(2 * unitsOfPark + 100);
    }
}
