package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.jdbc.PgConnection;

/** Handlers that do what they may not: end the transaction, or continue after a failed statement. */
class TransactionGuardIT {
    private static final UnitLimits ONE_UNIT = UnitLimits.defaults().withMaxDuration(Duration.ofMinutes(1));

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("guard"), 1);

    private static final Map<String, RecordHandler<String, String>> OFFENCES = Map.ofEntries(
            Map.entry("Jdbi commit", (r, tx) -> tx.commit()),
            Map.entry("Jdbi rollback", (r, tx) -> tx.rollback()),
            Map.entry("Jdbi close", (r, tx) -> tx.close()),
            Map.entry("JDBC commit", (r, tx) -> tx.getConnection().commit()),
            Map.entry("JDBC rollback", (r, tx) -> tx.getConnection().rollback()),
            Map.entry("JDBC autocommit", (r, tx) -> tx.getConnection().setAutoCommit(true)),
            Map.entry("JDBC close", (r, tx) -> tx.getConnection().close()),
            Map.entry("SQL commit", (r, tx) -> tx.execute(" /* all right */ commit")),
            Map.entry("SQL rollback", (r, tx) -> tx.execute("rollback work")),
            Map.entry("SQL commit behind another", (r, tx) -> tx.execute("select 1; commit")),
            Map.entry("SQL commit behind comments", (r, tx) -> tx.execute("/* a /* b */ c */ commit")),
            Map.entry(
                    "SQL commit in a script",
                    (r, tx) -> tx.createScript("select 1; select ';'; commit").execute()),
            Map.entry(
                    "SQL commit in a batch",
                    (r, tx) -> tx.createBatch().add("select 1").add("commit").execute()),
            Map.entry("statement commit", (r, tx) -> {
                try (Statement s = tx.getConnection().createStatement()) {
                    s.execute("commit");
                }
            }),
            Map.entry("prepared statement's commit", (r, tx) -> {
                try (PreparedStatement s = tx.getConnection().prepareStatement("select 1")) {
                    s.getConnection().commit();
                }
            }),
            Map.entry("call's rollback", (r, tx) -> {
                try (PreparedStatement s = tx.getConnection().prepareCall("select 1")) {
                    s.getConnection().rollback();
                }
            }),
            Map.entry("result's commit", (r, tx) -> {
                try (PreparedStatement s = tx.getConnection().prepareStatement("select 1");
                        ResultSet result = s.executeQuery()) {
                    result.getStatement().getConnection().commit();
                }
            }),
            Map.entry("description's commit", (r, tx) -> {
                try (ResultSet tables = tx.getConnection().getMetaData().getTables(null, "tidemark", null, null)) {
                    Statement statement = tables.getStatement();
                    (statement == null ? tx.getConnection() : statement.getConnection()).commit();
                }
            }),
            Map.entry("Jdbi statement's commit", (r, tx) -> {
                tx.createQuery("select 1").execute((supplier, context) -> {
                    PreparedStatement s = supplier.get();
                    s.getConnection().commit();
                    return s;
                });
            }),
            Map.entry("swallowed refusal", (r, tx) -> {
                try {
                    tx.getConnection().commit();
                } catch (RecordFailedException e) {
                    // As handlers do that log and continue.
                }
            }),
            Map.entry("swallowed SQL error", (r, tx) -> {
                try {
                    tx.execute("insert into nowhere values (1)");
                } catch (UnableToExecuteStatementException e) {
                    // As handlers do that log and continue.
                }
            }));

    static Stream<String> offences() {
        return OFFENCES.keySet().stream().sorted();
    }

    @Provokes(ErrorCode.TRANSACTION_BROKEN)
    @ParameterizedTest
    @MethodSource("offences")
    void isCaughtAndNothingIsHalfDone(String offence) {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 10));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                // One unit, on the slowest machine as well.
                builder -> builder.topics(topic).limits(ONE_UNIT).handle((record, tx) -> {
                    FlightEffects.foldOne(record, tx);
                    if (record.offset() == 5) {
                        Objects.requireNonNull(OFFENCES.get(offence)).handle(record, tx);
                    }
                }))) {
            assertThat(running.failure())
                    .isInstanceOfSatisfying(
                            RecordFailedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.TRANSACTION_BROKEN))
                    .hasMessageContaining("TM-501")
                    .hasMessageContaining(topic);
            assertThat(running.consumer().health().ready()).isFalse();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        // Nothing of a failed statement can have taken effect, so that the records before it are tried singly.
        assertThat(database.number("select count(*) from applied"))
                .isEqualTo(offence.equals("swallowed SQL error") ? 5 : 0);
    }

    /** Each of them is undone by the rollback that follows, and so would be met again at every retry. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "set role lodger",
                "set local role lodger",
                "select set_config('role', 'lodger', true)",
                "set transaction read only",
                "set local transaction_read_only = on",
                "set client_encoding = 'LATIN1'",
                "select set_config('client_encoding', 'SQL_ASCII', true)",
                "set local datestyle = 'German'"
            })
    void whatIsChangedUnderTheOffsetHaltsAtTheFirstRecord(String statement) {
        String lodger = "lodger_" + database.name();
        database.superuser()
                .execute(
                        "create role " + lodger,
                        "grant " + lodger + " to "
                                + database.writer().query("select session_user").get(0),
                        "grant insert on applied to " + lodger);
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 10));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    FlightEffects.foldOne(record, tx);
                    if (record.offset() >= 5) {
                        tx.execute(statement.replace("lodger", lodger));
                    }
                }))) {
            assertThat(running.failure()).hasMessageContaining("TM-501").hasMessageContaining("the handler changed");
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
    }

    @Test
    void aCommitThatCannotBeRecognizedStopsBeforeTheOffsetMoves() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 10));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .handle((record, tx) ->
                                tx.getConnection().unwrap(PgConnection.class).commit()))) {
            assertThat(running.failure())
                    .hasMessageContaining("TM-501")
                    .hasMessageContaining("may not have committed together");
        }
        assertThat(ExactlyOnce.progress(database, topic)).isZero();
    }

    @Test
    void savepointsAreTheHandlersOwn() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 100));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle(TransactionGuardIT::withSavepoint))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private static final Map<String, RecordHandler<String, String>> HANDLES = Map.of(
            "a handle of its Jdbi", (r, tx) -> tx.getJdbi().useHandle(own -> FlightEffects.foldOne(r, own)),
            "a handle that is closed twice",
                    (r, tx) -> {
                        Handle own = tx.getJdbi().open();
                        FlightEffects.foldOne(r, own);
                        own.close();
                        own.close();
                    },
            "a handle that stays open",
                    (r, tx) -> FlightEffects.foldOne(r, tx.getJdbi().open()),
            "a transaction of its Jdbi", (r, tx) -> tx.getJdbi().useTransaction(own -> FlightEffects.foldOne(r, own)),
            "a nested transaction", (r, tx) -> tx.useTransaction(own -> FlightEffects.foldOne(r, own)),
            "one after the other",
                    (r, tx) -> {
                        tx.getJdbi().useHandle(own -> own.execute("select 1"));
                        tx.getJdbi().useHandle(own -> FlightEffects.foldOne(r, own));
                        tx.execute("select 1");
                    });

    static Set<String> handles() {
        return HANDLES.keySet();
    }

    /** They are on the unit's connection, and closing them does not close it. */
    @ParameterizedTest
    @MethodSource("handles")
    void moreHandlesOfTheUnitAreTheHandlersOwn(String which) {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 100));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle(Objects.requireNonNull(HANDLES.get(which))))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private static void withSavepoint(ConsumerRecord<String, String> record, Handle tx) throws SQLException {
        FlightEffects.foldOne(record, tx);
        Savepoint savepoint = tx.getConnection().setSavepoint();
        try {
            tx.execute("insert into nowhere values (1)");
        } catch (UnableToExecuteStatementException e) {
            tx.getConnection().rollback(savepoint);
        }
    }
}
