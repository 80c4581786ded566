package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which successes prove something about records that fail: those that had an effect, as far as it is known what has one. */
@Tag("exhaustive")
class NoProofIT extends FailureCase {
    private final AtomicBoolean licence = new AtomicBoolean(true);

    /** Applies good records while there is a licence, and does this with the others. */
    private RecordHandler<String, String> ignoring(RecordHandler<String, String> others) {
        return (record, tx) -> {
            switch (record.value()) {
                case "other" -> others.handle(record, tx);
                case "bad" -> throw new IllegalArgumentException();
                default -> {
                    if (!licence.get()) {
                        throw new IllegalStateException("no licence");
                    }
                    tx.execute("insert into public.done values (?)", record.offset());
                }
            }
        };
    }

    private Running start(RecordHandler<String, String> handler) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .workers(1)
                        .onFailure(FailurePolicy.park())
                        .handle(handler));
    }

    private void sendPairs(String one, String two, int pairs) {
        sendTo(
                topic,
                Stream.generate(() -> Stream.of(one, two))
                        .limit(pairs)
                        .flatMap(pair -> pair)
                        .toArray(String[]::new));
    }

    /** Reads up to there, or until it halts, which ends a run that has nothing else; returns whether it has read all. */
    private boolean readTo(Running running, long end) {
        try {
            running.until("read, or halted", () -> stored() == end || isHalted(running));
        } catch (CompletionException e) {
            assertThat(e).hasMessageContaining("TM-505");
        }
        return stored() == end;
    }

    private void outageAfterAGoodTime(RecordHandler<String, String> handler) {
        sendPairs("good", "other", 10);
        try (Running running = start(handler)) {
            running.until("all read", () -> stored() == 20);
            licence.set(false);
            sendPairs("good", "other", 10);
            readTo(running, 40);
        }
        assertThat(givenUp()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create temp table stage on commit drop as select 1 as n",
                "create temp table if not exists stage (n int) on commit delete rows; insert into stage values (1)",
                "savepoint s; insert into done values (1); rollback to savepoint s",
                "do $$ begin insert into done values (1); raise exception 'no'; exception when others then null; end $$",
                "insert into done select 1 where false; savepoint s; insert into looked values (1); rollback to savepoint s",
                "update done set n = n where false",
                "select n from looked for update",
                "lock table done in row exclusive mode",
                "select nextval('numbers')",
                "select pg_notify('x', 'y')",
                "insert into looked values (2); truncate looked"
            })
    void whatHadNoEffectIsNoProof(String sql) {
        database.owner()
                .execute(
                        "create table looked as select 1 as n",
                        "create sequence numbers",
                        "grant all on looked, numbers to public");
        outageAfterAGoodTime(ignoring((record, tx) -> {
            try (var s = tx.getConnection().createStatement()) {
                s.execute(sql);
            }
        }));
    }

    /** A usual way to load: every record is staged, and what matters is inserted from there. */
    @Test
    void anIgnoredRecordThatWasStagedIsNoProof() {
        outageAfterAGoodTime((record, tx) -> {
            tx.execute("create temp table if not exists stage (n bigint, v text) on commit delete rows");
            tx.execute("insert into stage values (?, ?)", record.offset(), record.value());
            if (!licence.get() && record.value().equals("good")) {
                throw new IllegalStateException("no licence");
            }
            tx.execute("insert into public.done select n from stage where v = 'good'");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"select 1", "savepoint s; insert into done values (1); rollback to savepoint s"})
    void anIgnoredRecordIsNoProofWhereRowsAreNotCounted(String sql) {
        database.superuser().execute("alter database \"" + database.name() + "\" set track_counts = off");
        outageAfterAGoodTime(ignoring((record, tx) -> {
            try (var s = tx.getConnection().createStatement()) {
                s.execute(sql);
            }
        }));
    }

    /** More of them than are given up without proof. */
    private void sixBadOnesBetweenGoodOnes(String sql) {
        sendPairs("bad", "good", 6);
        try (Running running = start((record, tx) -> {
            if (record.value().equals("bad")) {
                throw new IllegalArgumentException();
            }
            try (var s = tx.getConnection().createStatement()) {
                s.execute(sql);
            }
        })) {
            readTo(running, 12);
        }
        assertThat(givenUp()).containsExactlyInAnyOrder("0", "2", "4", "6", "8", "10");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into parted values (1)",
                "insert into unlogged_one values (1)",
                "insert into seen values (1)",
                "select put(1)",
                "update counter set n = n + 1",
                "delete from many where n = (select min(n) from many)",
                "savepoint s; insert into done values (1); release savepoint s",
                "insert into away values (1)",
                "select lo_from_bytea(0, 'x')",
                "merge into counter c using (select 1) s on true when matched then update set n = c.n + 1"
            })
    void whatHadAnEffectIsProof(String sql) {
        nearbyServer();
        database.superuser()
                .execute(
                        "create foreign table away (n bigint) server near options (schema_name 'public', table_name 'done')",
                        "grant all on away to public",
                        "grant usage on foreign server near to public");
        database.owner()
                .execute(
                        "create table parted (n int) partition by range (n)",
                        "create table parted_1 partition of parted for values from (0) to (10)",
                        "create unlogged table unlogged_one (n int)",
                        "create view seen as select n from done",
                        "create table secret (n int)",
                        "create function put(i int) returns void language sql security definer"
                                + " as 'insert into public.secret values (i)'",
                        "create table counter as select 1 as n",
                        "create table many as select generate_series(1, 100) as n",
                        "grant all on parted, unlogged_one, seen, counter, many to public",
                        "revoke all on secret from public");
        sixBadOnesBetweenGoodOnes(sql);
    }

    @Test
    void whatHadAnEffectIsProofWhereRowsAreNotCounted() {
        database.superuser().execute("alter database \"" + database.name() + "\" set track_counts = off");
        sixBadOnesBetweenGoodOnes("insert into done values (1)");
    }

    /** This process has not seen yet that the topic writes rows. */
    @Test
    void anOutageAtTheStartParksNothingHealthy() {
        sendPairs("good", "other", 10);
        try (Running running = start(ignoring((record, tx) -> {}))) {
            running.until("all read", () -> stored() == 20);
        }
        licence.set(false);
        sendPairs("good", "other", 10);
        try (Running running = start(ignoring((record, tx) -> {}))) {
            readTo(running, 40);
        }
        assertThat(givenUp()).isEmpty();
    }

    /** The same with no other that fails behind it: then at most three are taken for bad, whatever is ignored between them. */
    @Test
    void anOutageAtTheStartParksAtMostThreeThatComeSingly() {
        licence.set(false);
        try (Running running = start(ignoring((record, tx) -> {}))) {
            boolean goesOn = true;
            for (int i = 1; i <= 6 && goesOn; i++) {
                sendTo(topic, "good", "other", "other");
                goesOn = readTo(running, 3L * i);
            }
        }
        assertThat(givenUp()).hasSize(3);
    }

    /** First it ignores so many that it seems to write nothing at all. */
    @ParameterizedTest
    @ValueSource(ints = {66, 150})
    void aTopicThatBeginsToWriteLater(int ignored) {
        try (Running running = start(ignoring((record, tx) -> {}))) {
            for (int i = 1; i <= ignored + 9; i++) {
                sendTo(topic, i <= ignored ? "other" : "good");
                long end = i;
                Awaitility.await("one").until(() -> stored() == end);
            }
            licence.set(false);
            sendPairs("good", "other", 10);
            readTo(running, ignored + 29);
        }
        assertThat(givenUp()).isEmpty();
    }

    /** Where nothing ever has an effect here, bad records far apart are parked, however many they are. */
    @Test
    void aTopicThatWritesNothing() {
        try (Running running = start(ignoring((record, tx) -> {}))) {
            for (int i = 0; i < 10; i++) {
                sendTo(topic, "other", "other", "other", "other", "other", "other", "other", "other", "other", "other");
            }
            sendPairs("bad", "other", 6);
            readTo(running, 112);
        }
        assertThat(givenUp()).hasSize(6);
    }

    /** What it writes is known although its records come together with those of another. */
    @Test
    void aTopicThatSharesItsUnits() {
        String busy = kafka.createTopic(Servers.unique("busy"), 1);
        Semaphore gate = new Semaphore(0);
        RecordHandler<String, String> handler = ignoring((record, tx) -> {});
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic, busy)
                        .workers(1)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> {
                            if (record.topic().equals(topic)) {
                                handler.handle(record, tx);
                                return;
                            }
                            tx.execute("insert into public.done values (?)", record.offset());
                            if (record.value().equals("wait")) {
                                gate.acquire();
                            }
                        }))) {
            for (int i = 1; i <= 2; i++) {
                sendTo(busy, "wait");
                Awaitility.await("it has that one").until(gate::hasQueuedThreads);
                licence.set(i == 1);
                sendTo(busy, "next");
                sendPairs("good", "other", 10);
                Awaitility.await("queued")
                        .until(() -> running.consumer().status().queue().records() >= 21);
                gate.release();
                if (i == 1) {
                    running.until("all read", () -> stored() == 22);
                }
            }
            readTo(running, 44);
        }
        assertThat(givenUp()).isEmpty();
    }
}
