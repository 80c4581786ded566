package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RedriveResult;
import dev.tidemark.RedriveResult.Status;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.DisconnectException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Dead letters that are applied after all, dropped, or read again from the log: each record takes effect once at most. */
class RedriveIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("redrive"), 1);
    private volatile boolean broken = true;
    private volatile long brokenFrom;

    private void produce(String... keys) throws Exception {
        try (var producer = kafka.producer()) {
            for (String key : keys) {
                producer.send(new ProducerRecord<>(topic, 0, key, "value of " + key))
                        .get();
            }
        }
    }

    private Running start(FailurePolicy policy) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(policy).handle((record, tx) -> {
                    tx.execute(
                            "insert into applied (topic, partition, record_offset) values (?, ?, ?)",
                            record.key(),
                            record.partition(),
                            record.offset());
                    if (broken && record.offset() >= brokenFrom && record.key().startsWith("bad")) {
                        throw new IllegalStateException("broken");
                    }
                }));
    }

    private List<Long> ids() {
        return database.query("select id from tidemark.dead_letter order by record_offset").stream()
                .map(Long::parseLong)
                .toList();
    }

    private List<String> applied() {
        return database.query("select topic || record_offset from applied order by seq");
    }

    private static List<Status> results(List<RedriveResult> redriven) {
        return redriven.stream().map(RedriveResult::status).toList();
    }

    @Test
    void effectsAndRemovalAreOneTransaction() throws Exception {
        produce("a", "bad", "b");
        try (Running running = start(FailurePolicy.park())) {
            running.until("parked", () -> ExactlyOnce.progress(database, topic) == 3 && ids().size() == 1);
            long id = ids().get(0);
            RedriveResult again = running.consumer().redrive(List.of(id)).get(0);
            assertThat(again.status()).isEqualTo(Status.FAILED);
            assertThat(again.error().orElseThrow())
                    .hasMessageContaining("TM-502")
                    .hasMessageContaining("dead letter " + id)
                    .hasMessageNotContaining("value of");
            assertThat(applied()).containsExactly("a0", "b2");
            assertThat(database.query("select attempts from tidemark.dead_letter"))
                    .containsExactly("2");

            broken = false;
            assertThat(results(running.consumer().redrive(List.of(id, 987_654L))))
                    .containsExactly(Status.APPLIED, Status.GONE);
            assertThat(results(running.consumer().redrive(List.of(id)))).containsExactly(Status.GONE);
        }
        assertThat(applied()).containsExactly("a0", "b2", "bad1");
        assertThat(ids()).isEmpty();
        assertThat(database.query("select action, from_offset, to_offset from tidemark.audit_log order by id"))
                .containsExactly("park|1|2", "redrive|1|2");
    }

    /** Each for another reason: none keeps the others from being tried, and none counts as another failure of its record. */
    @Tag("exhaustive")
    @Test
    void oneThatWaitsForSomethingEndsNoOther() throws Exception {
        String[] keys = {"bad lock", "bad deadlock", "bad service", "bad server", "bad data", "bad"};
        for (String key : keys) {
            produce(key, "a", "b");
        }
        AtomicReference<Function<String, String>> sqlOf = new AtomicReference<>(key -> "select 1 / 0");
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    tx.execute(
                            "insert into applied (topic, partition, record_offset) values ('x', 0, ?)",
                            record.offset());
                    if (record.key().startsWith("bad")) {
                        tx.execute(sqlOf.get().apply(record.key()));
                    }
                }))) {
            running.until("parked", () -> ids().size() == keys.length);
            sqlOf.set(key -> switch (key) {
                case "bad lock" -> "do $$ begin raise exception using errcode = '55P03'; end $$";
                case "bad deadlock" -> "do $$ begin raise exception using errcode = '40P01'; end $$";
                case "bad server" -> "do $$ begin raise exception using errcode = '08001'; end $$";
                case "bad service" -> throw new DisconnectException("away");
                case "bad data" -> "select 1 / 0";
                default -> "select 1";
            });
            List<RedriveResult> redriven = running.consumer().redrive(ids());
            assertThat(results(redriven))
                    .containsExactly(
                            Status.FAILED, Status.FAILED, Status.FAILED, Status.FAILED, Status.FAILED, Status.APPLIED);
            assertThat(redriven.subList(0, 5).stream()
                            .map(result -> result.error().orElseThrow().code().code()))
                    .containsExactly("TM-405", "TM-406", "TM-408", "TM-408", "TM-502");
            assertThat(database.query("select attempts from tidemark.dead_letter order by id"))
                    .containsExactly("1", "1", "1", "1", "2");
            sqlOf.set(key -> "select 1");
            assertThat(results(running.consumer().redrive(ids()))).hasSize(5).containsOnly(Status.APPLIED);
        }
    }

    @Test
    void theRecordsOfAKeyAreAppliedInTheirOrderAndThenTheKeyIsFree() throws Exception {
        produce("bad", "x", "bad", "bad");
        try (Running running = start(FailurePolicy.parkKey())) {
            running.until("parked", () -> ids().size() == 3);
            List<Long> ids = ids();
            assertThat(results(running.consumer().redrive(List.of(ids.get(2))))).containsExactly(Status.WAITS);
            broken = false;
            assertThat(results(running.consumer().redrive(List.of(ids.get(1))))).containsExactly(Status.WAITS);
            List<Long> backwards = new ArrayList<>(List.of(ids.get(2), ids.get(1), ids.get(0)));
            assertThat(results(running.consumer().redrive(backwards)))
                    .containsOnly(Status.APPLIED)
                    .hasSize(3);
            produce("bad", "x");
            running.until("the key is free again", () -> ExactlyOnce.progress(database, topic) == 6);
        }
        assertThat(applied()).containsExactly("x1", "bad0", "bad2", "bad3", "bad4", "x5");
        assertThat(ids()).isEmpty();
    }

    @Test
    void twoWhoRedriveTheSameLetterApplyItOnce() throws Exception {
        produce("bad");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    if (broken) {
                        throw new IllegalStateException("broken");
                    }
                    tx.execute("insert into applied (topic, partition, record_offset) values ('once', 0, 0)");
                    inside.countDown();
                    go.await(3, TimeUnit.MINUTES);
                }))) {
            running.until("parked", () -> ids().size() == 1);
            broken = false;
            CompletableFuture<List<RedriveResult>> first =
                    CompletableFuture.supplyAsync(() -> running.consumer().redrive(ids()));
            assertThat(inside.await(3, TimeUnit.MINUTES)).isTrue();
            assertThat(results(running.consumer().redrive(ids()))).containsExactly(Status.GONE);
            go.countDown();
            assertThat(results(first.get(3, TimeUnit.MINUTES))).containsExactly(Status.APPLIED);
        }
        assertThat(applied()).containsExactly("once0");
    }

    @Test
    void whatIsReadAgainFromTheLogIsNotRedrivenAsWell() throws Exception {
        produce("a", "bad", "b", "bad");
        long id;
        try (Running running = start(FailurePolicy.park())) {
            running.until("parked", () -> ids().size() == 2);
            id = ids().get(1);
        }
        // The operator takes back what was done from offset 2 on, and has it read again.
        database.owner()
                .execute(
                        "delete from applied where record_offset >= 2",
                        "update tidemark.stored_offset set next_offset = 2");
        broken = false;
        try (Running running = start(FailurePolicy.park())) {
            running.until("read again", () -> ExactlyOnce.progress(database, topic) == 4);
            assertThat(results(running.consumer().redrive(List.of(id)))).containsExactly(Status.SUPERSEDED);
            assertThat(results(running.consumer().redrive(ids()))).containsExactly(Status.APPLIED, Status.SUPERSEDED);
        }
        assertThat(applied()).containsExactly("a0", "b2", "bad3", "bad1");
    }

    @Test
    void aMoveBackThatIsUndoneLeavesTheDeadLetterAsItWas() throws Exception {
        produce("a", "bad", "b");
        try (Running running = start(FailurePolicy.park())) {
            running.until("parked", () -> ExactlyOnce.progress(database, topic) == 3 && ids().size() == 1);
        }
        database.owner()
                .execute(
                        "update tidemark.stored_offset set next_offset = 0",
                        "update tidemark.stored_offset set next_offset = 3");
        broken = false;
        try (Running running = start(FailurePolicy.park())) {
            assertThat(results(running.consumer().redrive(ids()))).containsExactly(Status.APPLIED);
        }
        assertThat(applied()).containsExactly("a0", "b2", "bad1");
    }

    @Test
    void parkedAgainAfterAResetIsOneDeadLetter() throws Exception {
        produce("bad");
        try (Running running = start(FailurePolicy.park())) {
            running.until("parked", () -> ids().size() == 1);
            database.owner().execute("update tidemark.stored_offset set next_offset = 0");
            running.until(
                    "parked again",
                    () -> database.query("select count(*), count(superseded_at) from tidemark.dead_letter")
                                    .equals(List.of("1|0"))
                            && ExactlyOnce.progress(database, topic) == 1
                            && database.number("select count(*) from tidemark.audit_log where action = 'park'") == 2);
            broken = false;
            assertThat(results(running.consumer().redrive(ids()))).containsExactly(Status.APPLIED);
        }
        assertThat(applied()).containsExactly("bad0");
    }

    /** Of a key whose first record is fixed and whose second is not: read again, only the second is parked, and blocks nothing. */
    @Test
    void whatAResetSupersededHoldsNoKeyAndBlocksNoRedrive() throws Exception {
        produce("bad", "bad", "x", "bad");
        try (Running running = start(FailurePolicy.parkKey())) {
            running.until("parked", () -> ids().size() == 3);
            brokenFrom = 3;
            // Those that failed before have their effects taken back; there are none.
            database.owner()
                    .execute(
                            "delete from applied where record_offset >= 0",
                            "update tidemark.stored_offset set next_offset = 0");
            running.until(
                    "read again",
                    () -> ExactlyOnce.progress(database, topic) == 4
                            && database.number("select count(*) from tidemark.dead_letter where superseded_at is null")
                                    == 1);
            assertThat(applied())
                    .as("its key is held by none that is superseded")
                    .containsExactly("bad0", "bad1", "x2");
            broken = false;
            long last = ids().get(2);
            assertThat(results(running.consumer().redrive(List.of(last)))).containsExactly(Status.APPLIED);
            produce("bad");
            running.until("the key is free", () -> ExactlyOnce.progress(database, topic) == 5);
        }
        assertThat(applied()).containsExactly("bad0", "bad1", "x2", "bad3", "bad4");
    }

    @Test
    void aDeadLetterCanBeFoundAndDropped() throws Exception {
        produce("bad", "bad");
        try (Running running = start(FailurePolicy.parkKey());
                Connection c = database.connect()) {
            running.until("parked", () -> ids().size() == 2);
            DeadLetters letters = DeadLetters.of(topic);
            List<DeadLetter> all = letters.list(c, 0, 10);
            assertThat(all).extracting(letter -> letter.record().offset()).containsExactly(0L, 1L);
            assertThat(all.get(0).errorCode()).contains("TM-502");
            assertThat(all.get(1).errorCode()).as("it only followed").isEmpty();
            assertThat(all.get(0).toString()).contains("offset 0").doesNotContain("value of");
            assertThat(letters.list(c, all.get(0).id(), 10)).hasSize(1);
            assertThat(DeadLetters.of("another").find(c, all.get(0).id())).isEmpty();
            assertThat(letters.drop(c, all.get(0).id(), "cannot be mended")).isTrue();
            assertThat(letters.drop(c, all.get(0).id(), "again")).isFalse();
            assertThat(letters.find(c, all.get(0).id())).isEmpty();
            broken = false;
            assertThat(results(running.consumer().redrive(ids()))).containsExactly(Status.APPLIED);
        }
        assertThat(applied()).containsExactly("bad1");
        assertThat(database.query("select from_offset, reason from tidemark.audit_log where action = 'drop'"))
                .containsExactly("0|cannot be mended");
    }
}
