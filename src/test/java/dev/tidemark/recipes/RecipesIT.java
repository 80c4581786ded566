package dev.tidemark.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.recipes.JdbcTemplateRecipes.Airports;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.hibernate.SessionFactory;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Other people's libraries on the unit's connection: exact when all goes well, when a record fails, and when connections break. */
@Tag("exhaustive")
class RecipesIT {
    private static final int RECORDS = 2_000;
    private static final String BAD = "NOWHERE";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("recipe"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);
    private final HikariDataSource pool = database.pool(4);
    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    private enum Recipe {
        JDBC_TEMPLATE {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                return JdbcTemplateRecipes.ofTheUnit(builder);
            }
        },
        JDBC_BEAN {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                return JdbcTemplateRecipes.ofABean(builder, test.pool, new Airports(test.pool));
            }
        },
        SQL_BATCH {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                return SqlBatchRecipe.ofTheUnit(builder);
            }
        },
        JOOQ {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                return JooqRecipe.ofTheUnit(builder);
            }
        },
        HIBERNATE {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                return HibernateRecipe.ofTheUnit(builder, test.sessions());
            }
        };

        abstract TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test);
    }

    /** How each library would end the unit's transaction. */
    private enum Offence {
        JDBC_BEAN {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                var transactions = new TransactionTemplate(new JdbcTransactionManager(test.pool));
                var airports = new Airports(test.pool);
                return builder.handleBatch((records, tx) -> {
                    TransactionSynchronizationManager.bindResource(test.pool, new ConnectionHolder(tx.getConnection()));
                    try {
                        transactions.executeWithoutResult(status -> airports.depart(records));
                    } finally {
                        TransactionSynchronizationManager.unbindResource(test.pool);
                    }
                });
            }
        },
        JOOQ {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                return builder.handleBatch((records, tx) -> DSL.using(tx.getConnection(), SQLDialect.POSTGRES)
                        .transaction(own -> own.dsl().execute("insert into airport values ('ORD', 1, 1)")));
            }
        },
        HIBERNATE {
            @Override
            TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test) {
                SessionFactory sessions = test.sessions();
                return builder.handleBatch((records, tx) -> {
                    try (var session = sessions.withOptions()
                            .connection(tx.getConnection())
                            .openSession()) {
                        var own = session.beginTransaction();
                        session.persist(new HibernateRecipe.Airport("ORD"));
                        own.commit();
                    }
                });
            }
        };

        abstract TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test);
    }

    private SessionFactory sessions() {
        SessionFactory sessions = HibernateRecipe.sessions(pool);
        opened.add(sessions);
        return sessions;
    }

    static Deserializer<Flight> flightDeserializer() {
        return (name, bytes) -> Flights.parse(new String(bytes, StandardCharsets.UTF_8));
    }

    private Running start(UnaryOperator<TidemarkBuilder<String, Flight>> special, Builder handled) {
        return Running.start(
                pool,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> handled.build(
                        special.apply(builder.topics(topic)
                                .workers(2)
                                .deserializers(StringDeserializer::new, RecipesIT::flightDeserializer)),
                        this));
    }

    private interface Builder {
        TidemarkConsumer build(TidemarkBuilder<String, Flight> builder, RecipesIT test);
    }

    private void produce(List<Flight> sent) {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, sent);
        }
    }

    private void assertExact(List<Flight> applied, long read) {
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(applied));
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(read);
        kafka.logEnds(topic, 2)
                .forEach((partition, end) -> assertThat(ExactlyOnce.stored(database, topic, partition))
                        .as("stored offset of " + partition)
                        .isEqualTo(end));
    }

    private void untilAllRead(Running running, long records) {
        running.until("all read", () -> ExactlyOnce.progress(database, topic) == records);
    }

    @ParameterizedTest
    @EnumSource
    void everyRecordTakesEffectOnce(Recipe recipe) {
        produce(flights);
        try (Running running = start(builder -> builder, recipe::build)) {
            untilAllRead(running, RECORDS);
        }
        assertExact(flights, RECORDS);
    }

    @ParameterizedTest
    @EnumSource
    void aRecordThatTheDatabaseRefusesIsParkedAndNothingOfItIsHalfDone(Recipe recipe) {
        database.owner().execute("alter table airport add constraint code_is_short check (length(code) = 3)");
        Flight ordinary = flights.get(0);
        List<Flight> sent = new ArrayList<>(flights);
        sent.add(
                RECORDS / 2,
                new Flight(
                        ordinary.json()
                                .replace("\"origin\":\"" + ordinary.origin() + "\"", "\"origin\":\"" + BAD + "\""),
                        BAD,
                        ordinary.delay()));
        produce(sent);
        try (Running running = start(builder -> builder.onFailure(FailurePolicy.park()), recipe::build)) {
            untilAllRead(running, RECORDS + 1);
            running.until("ready", () -> running.consumer().health().ready());
        }
        assertExact(flights, RECORDS + 1);
        assertThat(database.query("select error_code, attempts, convert_from(value, 'UTF8') like '%" + BAD
                        + "%' from tidemark.dead_letter"))
                .containsExactly("TM-502|1|t");
    }

    /** The failure comes with the COMMIT, after the library has written everything and seen no error. */
    @ParameterizedTest
    @EnumSource
    void aUnitThatFailsAtItsCommitLeavesNothingAndHaltsInFrontOfTheRecord(Recipe recipe) {
        TopicPartition zero = new TopicPartition(topic, 0);
        try (var producer = kafka.producer()) {
            Servers.produceTo(producer, zero, flights);
        }
        int bad = firstOfAnotherAirport(flights, RECORDS / 2);
        database.owner()
                .execute(
                        "create function refuse() returns trigger language plpgsql as $$ begin"
                                + " raise exception 'refused' using errcode = '23514'; end $$",
                        "create constraint trigger refuse after insert or update on airport deferrable initially deferred"
                                + " for each row when (new.code = '"
                                + flights.get(bad).origin() + "') execute function refuse()");
        try (Running running = start(builder -> builder, recipe::build)) {
            running.until(
                    "it halts",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.HALTED));
            // Written down by another thread, a moment later.
            running.until(
                    "it is written down",
                    () -> database.query("select error_code from tidemark.partition_state where halted_at is not null")
                            .equals(List.of("TM-502")));
        }
        assertThat(ExactlyOnce.stored(database, topic, zero)).isEqualTo(bad);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights.subList(0, bad)));
    }

    /** The first flight from there on that leaves an airport which no flight left before. */
    static int firstOfAnotherAirport(List<Flight> flights, int from) {
        Set<String> seen = new HashSet<>();
        int i = 0;
        while (i < from || seen.contains(flights.get(i).origin())) {
            seen.add(flights.get(i).origin());
            i++;
        }
        return i;
    }

    @ParameterizedTest
    @EnumSource
    void brokenConnectionsAreNoFailureOfTheRecords(Recipe recipe) {
        produce(flights);
        database.owner()
                .execute(
                        // A sequence continues although its transaction does not, so each of these cuts comes once.
                        "create sequence written",
                        "create function cut() returns trigger language plpgsql as $$ begin"
                                + " if nextval('written') in (30, 31, 200, 350) then"
                                + " perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$",
                        "create trigger cut before insert or update on airport for each row execute function cut()");
        try (Running running = start(
                builder -> builder.onFailure(FailurePolicy.park())
                        .limits(UnitLimits.defaults().withMaxRecords(100)),
                recipe::build)) {
            untilAllRead(running, RECORDS);
        }
        assertExact(flights, RECORDS);
        assertThat(database.number("select last_value from written")).isGreaterThan(350);
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aTransactionOfTheLibrarysOwnIsRefused(Offence offence) {
        produce(flights);
        try (Running running = start(builder -> builder, offence::build)) {
            assertThat(running.failure()).hasMessageContaining("TM-501");
        }
        assertThat(FlightEffects.airports(database)).isEmpty();
        assertThat(ExactlyOnce.progress(database, topic)).isZero();
    }
}
