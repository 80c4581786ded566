package dev.tidemark.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.errors.FencedException;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.recipes.SpringRecipe.FlightService;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.aop.support.AopUtils;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.dao.DataIntegrityViolationException;

/** A {@code @Transactional} method holds a loop's effects and its offsets. */
@Tag("exhaustive")
class SpringRecipeIT {
    private static final int RECORDS = 1_000;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final HikariDataSource pool = patient(database.pool(2));
    private final TopicPartition partition = new TopicPartition(kafka.createTopic(Servers.unique("spring"), 1), 0);
    private final String topic = partition.topic();
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);
    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final AtomicBoolean fails = new AtomicBoolean();
    private SpringLoop loop;
    private CompletableFuture<Void> running;

    /** A connection that comes late would be a failure of the loop. */
    private static HikariDataSource patient(HikariDataSource like) {
        try (like) {
            HikariConfig config = new HikariConfig();
            like.copyStateTo(config);
            config.setConnectionTimeout(Running.PATIENCE.toMillis());
            return new HikariDataSource(config);
        }
    }

    @BeforeEach
    void start() {
        context.registerBean(DataSource.class, () -> pool);
        context.registerBean(FlightService.class, () -> new FailingService(pool, fails));
        context.register(SpringRecipe.Setup.class);
        context.refresh();
        FlightService service = context.getBean(FlightService.class);
        assertThat(AopUtils.isAopProxy(service)).isTrue();

        Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
        config.put("max.poll.records", "100");
        loop = new SpringLoop(
                Tidemark.claimingConsumer(config)
                        .deserializers(new StringDeserializer(), RecipesIT.flightDeserializer())
                        .topics(topic)
                        .database(pool)
                        .open(),
                service);
        running = CompletableFuture.runAsync(loop, Threads.named("test-loop"));
    }

    @AfterEach
    void stop() {
        loop.stop();
        running.join();
        Awaitility.await("all connections are back in the pool")
                .until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 0);
        context.close();
        assertThat(pool.isClosed()).isTrue();
    }

    private void produce(List<Flight> sent) {
        try (var producer = kafka.producer()) {
            Servers.produceTo(producer, partition, sent);
        }
    }

    private void until(String what, Callable<Boolean> holds) {
        Awaitility.await(what).until(() -> {
            if (running.isDone()) {
                running.join();
            }
            return holds.call();
        });
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private long failures(Class<? extends Exception> type) {
        return loop.failures().stream().filter(type::isInstance).count();
    }

    private void assertExact(List<Flight> applied, long next) {
        assertThat(stored()).isEqualTo(next);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(applied));
    }

    @Test
    void effectsAndOffsetsMoveTogether() {
        produce(flights);
        until("all read", () -> stored() == RECORDS);
        assertExact(flights, RECORDS);
        assertThat(loop.failures()).isEmpty();
        assertThat(database.query("select owner_token is not null from tidemark.stored_offset"))
                .containsExactly("t");
        loop.stop();
        running.join();
        assertThat(database.query("select owner_token is not null from tidemark.stored_offset"))
                .as("owned after the loop has ended")
                .containsExactly("f");
    }

    @Test
    void anExceptionLeavesBothUnmoved() {
        produce(flights.subList(0, 500));
        until("half read", () -> stored() == 500);
        database.owner()
                .execute(
                        "create function refuse() returns trigger language plpgsql as $$ begin"
                                + " raise exception 'refused' using errcode = '23514'; end $$",
                        "create trigger refuse before insert or update on airport for each row when (new.departures % 7 = 0)"
                                + " execute function refuse()");
        produce(flights.subList(500, RECORDS));
        until("some rollbacks", () -> failures(DataIntegrityViolationException.class) >= 3);
        database.owner().execute("drop trigger refuse on airport");
        until("all read", () -> stored() == RECORDS);
        assertExact(flights, RECORDS);
    }

    /** After a checked exception Spring commits, unless it is configured not to. */
    @Test
    void aCheckedExceptionLeavesBothUnmovedToo() {
        produce(flights.subList(0, 500));
        until("half read", () -> stored() == 500);
        fails.set(true);
        produce(flights.subList(500, RECORDS));
        until("some rollbacks", () -> failures(IOException.class) >= 3);
        assertExact(flights.subList(0, 500), 500);
        fails.set(false);
        until("all read", () -> stored() == RECORDS);
        assertExact(flights, RECORDS);
    }

    @Test
    void whoeverIsFencedWritesNothingAndFollows() throws Exception {
        produce(flights.subList(0, 500));
        until("half read", () -> stored() == 500);
        try (Connection holder = database.owner().connect();
                Statement s = holder.createStatement()) {
            s.execute("begin; lock table airport in share mode");
            produce(flights.subList(500, RECORDS));
            until(
                    "the method waits inside its transaction",
                    () -> database.superuser()
                                    .number("select count(*) from pg_stat_activity"
                                            + " where datname = current_database() and wait_event_type = 'Lock'")
                            == 1);
            database.owner().execute("update tidemark.stored_offset set next_offset = 200");
            s.execute("rollback");
        }
        until("all read", () -> stored() == RECORDS);
        assertThat(failures(FencedException.class)).isPositive();
        List<Flight> applied = new ArrayList<>(flights);
        applied.addAll(flights.subList(200, 500)); // as the move asked for
        assertExact(applied, RECORDS);
    }

    /** Throws when all is written. */
    static class FailingService extends FlightService {
        private final AtomicBoolean fails;

        FailingService(DataSource dataSource, AtomicBoolean fails) {
            super(dataSource);
            this.fails = fails;
        }

        @Override
        public void apply(ClaimedRecords<String, Flight> batch) throws Exception {
            super.apply(batch);
            if (fails.get()) {
                throw new IOException("a checked one");
            }
        }
    }
}
