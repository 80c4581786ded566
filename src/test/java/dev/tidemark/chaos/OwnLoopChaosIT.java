package dev.tidemark.chaos;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.ExactlyOnceAfterMoves;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.CommitProxy;
import dev.tidemark.testkit.postgres.CommitProxy.Cut;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two loops of one's own that do at random whatever a loop may get wrong, while members come and go, commits are cut, and offsets are
 * moved forward and back, by function, by SQL and by a stranger's claim: nothing is lost, nothing is doubled, everything in order.
 */
@Tag("chaos")
@Tag("exhaustive")
class OwnLoopChaosIT {
    private static final Logger LOG = LoggerFactory.getLogger(OwnLoopChaosIT.class);
    private static final int PARTITIONS = 3;
    private static final int MOVES = Integer.getInteger("tidemark.test.own.loop.moves", 12);

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("own-chaos"), PARTITIONS);
    private final List<Flight> flights = Flights.sample().subList(0, 9_000);

    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void nothingIsLostAndNothingDoubled(String protocol) throws Exception {
        Random random = Seeds.random("OwnLoopChaosIT " + protocol);
        try (var producer = kafka.producer();
                CommitProxy proxy = new CommitProxy(database.server().port());
                HikariDataSource pool = database.pool(10);
                HikariDataSource cut = TestDatabase.pool(
                        database.jdbcUrl().replace(":" + database.server().port() + "/", ":" + proxy.port() + "/"),
                        4)) {
            List<Careless> loops = new ArrayList<>();
            try {
                loops.add(new Careless(protocol, pool, cut, random.nextLong()));
                loops.add(new Careless(protocol, pool, cut, random.nextLong()));
                for (int i = 0; i < MOVES; i++) {
                    int part = flights.size() / MOVES;
                    Servers.produceUnkeyed(producer, topic, flights.subList(i * part, (i + 1) * part));
                    disturb(random, proxy);
                    if (random.nextInt(3) == 0) {
                        Careless leaves = loops.remove(random.nextInt(loops.size()));
                        leaves.close();
                        loops.add(new Careless(protocol, pool, cut, random.nextLong()));
                    }
                }
                Map<TopicPartition, Long> ends = kafka.logEnds(topic, PARTITIONS);
                Awaitility.await("all read").until(() -> {
                    loops.forEach(Careless::check);
                    return ends.entrySet().stream()
                            .allMatch(end -> ExactlyOnce.stored(database, topic, end.getKey()) == end.getValue());
                });
            } finally {
                loops.forEach(Careless::close);
            }
            LOG.info(
                    "{}: {} moves, {} commits cut, {} transactions not confirmed",
                    protocol,
                    database.number("select count(*) from tidemark.audit_log"),
                    proxy.cuts(),
                    loops.stream().mapToInt(loop -> loop.unconfirmed.get()).sum());
        }
        ExactlyOnceAfterMoves.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS));
    }

    private void disturb(Random random, CommitProxy proxy) throws SQLException {
        int partition = random.nextInt(PARTITIONS);
        String where = "group_id = '" + topic + "' and partition = " + partition;
        long end = kafka.logEnds(topic, PARTITIONS).get(new TopicPartition(topic, partition));
        // Relative to where it stands under its lock; never beyond the log.
        String target = "greatest(0, least(" + end + ", next_offset + " + (random.nextInt(300) - 200) + "))";
        switch (random.nextInt(5)) {
            case 0, 1 ->
                database.execute("select tidemark.reset_offset(group_id, topic, partition, " + target
                        + ") from tidemark.stored_offset where " + where);
            case 2 ->
                database.owner()
                        .execute("update tidemark.stored_offset set next_offset = " + target + " where " + where);
            case 3 -> {
                try (Connection c = database.connect()) {
                    Map<TopicPartition, Claim> unused =
                            OffsetStore.of(topic).claim(c, Set.of(new TopicPartition(topic, partition)));
                } catch (dev.tidemark.errors.LogMismatchException e) {
                    LOG.debug("not bound yet", e);
                }
            }
            default -> proxy.cutNext(random.nextBoolean() ? Cut.BEFORE_COMMIT : Cut.AFTER_COMMIT);
        }
    }

    /** A loop that fails, forgets, tries again, takes parts, and says what is not so. */
    private final class Careless implements AutoCloseable {
        private final HikariDataSource pool;
        private final HikariDataSource cut;
        private final Random random;
        private final ClaimingConsumer<String, String> consumer;
        private final CompletableFuture<Void> run;
        private final AtomicInteger unconfirmed = new AtomicInteger();
        private ClaimedRecords<String, String> old;
        private volatile boolean stopped;

        Careless(String protocol, HikariDataSource pool, HikariDataSource cut, long seed) {
            this.pool = pool;
            this.cut = cut;
            this.random = new Random(seed);
            Map<String, Object> config = kafka.consumerConfig(topic, protocol);
            config.put("max.poll.records", "40");
            this.consumer = Tidemark.claimingConsumer(config)
                    .deserializers(new StringDeserializer(), new StringDeserializer())
                    .topics(topic)
                    .database(pool)
                    .open();
            this.run = CompletableFuture.runAsync(this::loop, Threads.named("careless"));
        }

        private void loop() {
            try (consumer) {
                while (!stopped) {
                    ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(100));
                    if (old != null && random.nextInt(4) == 0) {
                        attempt(old, false);
                    }
                    if (!batch.isEmpty()) {
                        handle(batch);
                        old = batch;
                    }
                }
            }
        }

        private void handle(ClaimedRecords<String, String> batch) {
            int some = random.nextInt(batch.size() + 1);
            switch (random.nextInt(10)) {
                case 0 -> attempt(batch, true);
                case 1 -> {
                    attempt(batch.after(some), false);
                    attempt(batch.first(some), false);
                    attempt(batch.after(some), false);
                }
                case 2 -> attempt(batch.first(some), false);
                case 3 -> batch.partitions().forEach(partition -> attempt(batch.of(partition), random.nextBoolean()));
                case 4 -> {
                    attempt(batch, true);
                    attempt(batch, false);
                }
                default -> attempt(batch, false);
            }
        }

        /** One transaction, in which much can go wrong. */
        private void attempt(ClaimedRecords<String, String> part, boolean fails) {
            int luck = random.nextInt(20);
            try (Connection c = (random.nextInt(4) == 0 ? cut : pool).getConnection()) {
                c.setAutoCommit(false);
                try {
                    if (!part.isEmpty()) {
                        FlightEffects.foldBatch(part.records(), Jdbi.open(c));
                    }
                    if (fails && luck < 10) {
                        throw new IOException("before the advance");
                    }
                    part.advance(c);
                    if (fails) {
                        throw new IOException("after the advance");
                    }
                    c.commit();
                    if (luck > 0) {
                        part.confirm();
                    }
                } catch (Exception e) {
                    c.rollback();
                    if (luck == 19 && fails) {
                        // A lie, if it was advanced.
                        part.confirm();
                    }
                    throw e;
                }
            } catch (Exception e) {
                unconfirmed.incrementAndGet();
            }
        }

        void check() {
            if (run.isDone()) {
                run.join();
            }
        }

        @Override
        public void close() {
            stopped = true;
            run.join();
        }
    }
}
