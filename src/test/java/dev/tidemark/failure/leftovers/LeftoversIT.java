package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.config.JdbiConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyManager;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.largeobject.LargeObjectManager;

/** What a handler leaves behind, such as a thread, does not write into the next unit. */
@Tag("exhaustive")
class LeftoversIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("leftovers"), 1);

    /** What the thread that was left behind writes with. */
    enum Tool {
        HANDLE {
            @Override
            Write prepare(Handle tx) {
                return () -> tx.execute(WRITE);
            }
        },
        ANOTHER_HANDLE {
            @Override
            Write prepare(Handle tx) {
                return () -> tx.getJdbi().useHandle(handle -> handle.execute(WRITE));
            }
        },
        CONNECTION {
            @Override
            Write prepare(Handle tx) {
                Connection c = tx.getConnection();
                return () -> {
                    try (PreparedStatement s = c.prepareStatement(WRITE)) {
                        s.execute();
                    }
                };
            }
        },
        STATEMENT {
            @Override
            Write prepare(Handle tx) throws SQLException {
                Statement s = tx.getConnection().createStatement();
                return () -> s.execute(WRITE);
            }
        },
        PREPARED_STATEMENT {
            @Override
            Write prepare(Handle tx) throws SQLException {
                PreparedStatement s = tx.getConnection().prepareStatement(WRITE);
                return s::execute;
            }
        },
        BATCH {
            @Override
            Write prepare(Handle tx) throws SQLException {
                PreparedStatement s = tx.getConnection().prepareStatement(WRITE);
                s.addBatch();
                return s::executeBatch;
            }
        },
        COPY {
            @Override
            Write prepare(Handle tx) throws SQLException {
                CopyManager copy = tx.getConnection().unwrap(PGConnection.class).getCopyAPI();
                return () -> copy.copyIn("copy written from stdin", new StringReader("left behind\n"));
            }
        },
        DRIVER {
            @Override
            Write prepare(Handle tx) throws SQLException {
                PGConnection driver = tx.getConnection().unwrap(PGConnection.class);
                return () -> ((Connection) driver).createStatement().execute(WRITE);
            }
        },
        LARGE_OBJECTS {
            @Override
            Write prepare(Handle tx) throws SQLException {
                LargeObjectManager objects =
                        tx.getConnection().unwrap(PGConnection.class).getLargeObjectAPI();
                objects.createLO();
                return () -> objects.createLO();
            }
        },
        DRIVERS_CLASS {
            @Override
            Write prepare(Handle tx) throws SQLException {
                PgConnection driver = tx.getConnection().unwrap(PgConnection.class);
                return () -> write(driver);
            }
        },
        META_DATA {
            @Override
            Write prepare(Handle tx) throws SQLException {
                DatabaseMetaData data = tx.getConnection().getMetaData();
                return () -> {
                    try (Statement s = data.getConnection().createStatement()) {
                        s.execute(WRITE);
                    }
                };
            }
        },
        STATEMENTS_CONNECTION {
            @Override
            Write prepare(Handle tx) throws SQLException {
                Statement s = tx.getConnection().createStatement();
                return () -> {
                    try (Statement other = s.getConnection().createStatement()) {
                        other.execute(WRITE);
                    }
                };
            }
        },
        PREPARED_STATEMENTS_CONNECTION {
            @Override
            Write prepare(Handle tx) throws SQLException {
                Connection c = tx.getConnection().prepareStatement("select 1").getConnection();
                return () -> write(c);
            }
        },
        CALLS_CONNECTION {
            @Override
            Write prepare(Handle tx) throws SQLException {
                Connection c = tx.getConnection().prepareCall("select 1").getConnection();
                return () -> write(c);
            }
        },
        RESULTS_CONNECTION {
            @Override
            Write prepare(Handle tx) throws SQLException {
                PreparedStatement s = tx.getConnection().prepareStatement("select 1");
                Connection c = s.executeQuery().getStatement().getConnection();
                return () -> write(c);
            }
        },
        CURRENT_RESULTS_CONNECTION {
            @Override
            Write prepare(Handle tx) throws SQLException {
                Statement s = tx.getConnection().createStatement();
                s.execute("select 1");
                Connection c = s.getResultSet().getStatement().getConnection();
                return () -> write(c);
            }
        },
        UNWRAPPED_STATEMENTS_CONNECTION {
            @Override
            Write prepare(Handle tx) throws SQLException {
                PreparedStatement s = tx.getConnection().prepareStatement("select 1");
                Connection c = s.unwrap(Statement.class).getConnection();
                return () -> write(c);
            }
        },
        DRIVERS_STATEMENTS_CONNECTION {
            @Override
            Write prepare(Handle tx) throws SQLException {
                PreparedStatement s = tx.getConnection().prepareStatement("select 1");
                PGStatement driver = s.unwrap(PGStatement.class);
                driver.setPrepareThreshold(1);
                Connection c = ((Statement) driver).getConnection();
                return () -> write(c);
            }
        };

        private static final String WRITE = "insert into written values ('left behind')";

        abstract Write prepare(Handle tx) throws SQLException;

        private static void write(Connection c) throws SQLException {
            try (Statement s = c.createStatement()) {
                s.execute(WRITE);
            }
        }
    }

    interface Write {
        void run() throws Exception;
    }

    @BeforeEach
    void table() {
        database.owner().execute("create table written (by text)");
    }

    private void send(String... values) {
        try (var producer = kafka.producer()) {
            for (String value : values) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, value));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aThreadOfASkippedRecordCannotWriteIntoTheNextUnit(Tool tool) throws Exception {
        isRefusedInTheNextUnit(tool, true);
        assertThat(database.query("select by from written")).containsExactly("handler");
    }

    /** A unit that took effect leaves its connection to the next one. */
    @ParameterizedTest
    @EnumSource
    void aThreadOfAnAppliedRecordCannotWriteIntoTheNextUnit(Tool tool) throws Exception {
        isRefusedInTheNextUnit(tool, false);
        assertThat(database.query("select by from written")).containsExactly("handler", "handler");
    }

    private void isRefusedInTheNextUnit(Tool tool, boolean fails) throws Exception {
        CountDownLatch nextUnit = new CountDownLatch(1);
        CompletableFuture<String> leftover = new CompletableFuture<>();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.skip()).handle((record, tx) -> {
                    tx.execute("insert into written values ('handler')");
                    if (record.value().equals("first")) {
                        leaveBehind(tool.prepare(tx), nextUnit, leftover);
                        if (fails) {
                            tx.execute("select 1 / 0");
                        }
                        return;
                    }
                    nextUnit.countDown();
                    await(leftover);
                }))) {
            send("first");
            running.until("the first is done", () -> ExactlyOnce.progress(database, topic) == 1);
            send("second");
            running.until("both read", () -> ExactlyOnce.progress(database, topic) == 2);
        }
        assertThat(leftover.get(3, TimeUnit.MINUTES)).isEqualTo("refused");
    }

    private static void leaveBehind(Write write, CountDownLatch nextUnit, CompletableFuture<String> leftover) {
        Thread thread = new Thread(
                () -> {
                    try {
                        nextUnit.await();
                        write.run();
                        leftover.complete("wrote");
                    } catch (Throwable e) {
                        leftover.complete("refused");
                    }
                },
                "left-behind");
        thread.setDaemon(true);
        thread.start();
    }

    private static void await(CompletableFuture<String> leftover) {
        try {
            leftover.get(3, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsRegisteredOnTheHandleEndsWithItsUnit(boolean batch) {
        List<Integer> registered = new CopyOnWriteArrayList<>();
        try (Running running = Running.start(database, kafka.consumerConfig(topic, "cooperative"), builder -> {
            var b = builder.topics(topic).limits(UnitLimits.defaults().withMaxRecords(1));
            return batch
                    ? b.handleBatch((records, tx) -> register(tx, registered))
                    : b.handle((record, tx) -> register(tx, registered));
        })) {
            send("1", "2", "3", "4", "5");
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 5);
        }
        assertThat(registered).containsExactly(1, 1, 1, 1, 1);
    }

    private static void register(Handle tx, List<Integer> registered) {
        Registered own = tx.getConfig(Registered.class);
        own.times++;
        registered.add(own.times);
    }

    /** What a handler has registered. */
    public static final class Registered implements JdbiConfig<Registered> {
        private int times;

        @Override
        public Registered createCopy() {
            Registered copy = new Registered();
            copy.times = times;
            return copy;
        }
    }
}
