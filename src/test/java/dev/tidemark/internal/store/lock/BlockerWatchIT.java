package dev.tidemark.internal.store.lock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;

/** Which sessions are ended that a worker waits for: those of stopped processes, and none that is only slow. */
@Tag("exhaustive")
class BlockerWatchIT {
    private static final Duration OWNER_TIMEOUT = Duration.ofSeconds(3);

    /** Short enough that every look finds something moved, long enough that the session waits for its client at almost every look. */
    private static final long PAUSE = 20;

    private static final byte[] ROW = "x".repeat(80).concat("\n").getBytes(StandardCharsets.UTF_8);

    private final TestDatabase database = Servers.postgres().createDatabase();
    private final DatabaseLogin role = database.writer();
    private final BlockerWatch watch = new BlockerWatch(OWNER_TIMEOUT, Duration.ofMinutes(1));
    private Connection owner;
    private Connection waiter;
    private Connection control;
    private CompletableFuture<Void> waiting;
    private volatile boolean stop;

    /** What the owner's session does again and again while it holds the row. */
    enum Work {
        COPY_OF_ROWS("copy copied from stdin") {
            @Override
            void step(BlockerWatchIT test) throws SQLException {
                Objects.requireNonNull(test.in).writeToCopy(ROW, 0, ROW.length);
                Objects.requireNonNull(test.in).flushCopy();
            }
        },
        COPY_THROUGH_THE_DRIVERS_BUFFER("copy copied from stdin") {
            @Override
            void step(BlockerWatchIT test) throws SQLException {
                Objects.requireNonNull(test.in).writeToCopy(ROW, 0, ROW.length);
            }
        },
        COPY_OF_ONE_LARGE_ROW("copy copied from stdin") {
            @Override
            void step(BlockerWatchIT test) throws SQLException {
                Objects.requireNonNull(test.in).writeToCopy(ROW, 0, ROW.length - 1);
                Objects.requireNonNull(test.in).flushCopy();
            }
        },
        BINARY_COPY_OF_ONE_LARGE_ROW("copy copied from stdin binary") {
            @Override
            void begin(BlockerWatchIT test) throws SQLException {
                super.begin(test);
                // Signature, flags, no extension; a row of one column of 100 MB.
                byte[] head = {
                    'P',
                    'G',
                    'C',
                    'O',
                    'P',
                    'Y',
                    '\n',
                    (byte) 0xff,
                    '\r',
                    '\n',
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    1,
                    6,
                    0,
                    0,
                    0
                };
                Objects.requireNonNull(test.in).writeToCopy(head, 0, head.length);
            }

            @Override
            void step(BlockerWatchIT test) throws SQLException {
                Objects.requireNonNull(test.in).writeToCopy(ROW, 0, ROW.length - 1);
                Objects.requireNonNull(test.in).flushCopy();
            }
        },
        COPY_TO("copy (select repeat('x', 50000) from generate_series(1, 100000)) to stdout") {
            @Override
            void begin(BlockerWatchIT test) throws SQLException {
                test.out = test.copying().copyOut(sql);
            }

            @Override
            void step(BlockerWatchIT test) throws SQLException {
                Objects.requireNonNull(test.out).readFromCopy();
            }
        },
        SHORT_STATEMENTS("select 1") {
            @Override
            void begin(BlockerWatchIT test) {}

            @Override
            void step(BlockerWatchIT test) throws SQLException {
                try (Statement s = test.owner.createStatement()) {
                    s.execute(sql);
                }
            }
        },
        FETCHES("select g from generate_series(1, 1000000) g") {
            @Override
            void begin(BlockerWatchIT test) throws SQLException {
                Statement s = test.owner.createStatement();
                s.setFetchSize(1);
                test.rows = s.executeQuery(sql);
            }

            @Override
            void step(BlockerWatchIT test) throws SQLException {
                assertThat(Objects.requireNonNull(test.rows).next()).isTrue();
            }
        };

        final String sql;

        Work(String sql) {
            this.sql = sql;
        }

        void begin(BlockerWatchIT test) throws SQLException {
            test.in = test.copying().copyIn(sql);
        }

        abstract void step(BlockerWatchIT test) throws SQLException;
    }

    // Set by the kind that uses it.
    private @Nullable CopyIn in;
    private @Nullable CopyOut out;
    private @Nullable ResultSet rows;

    @BeforeEach
    void aWorkerWaits() throws SQLException {
        database.owner()
                .execute(
                        "create table held (id int, n int)",
                        "insert into held values (1, 0)",
                        "create table copied (line text)",
                        "grant all on held, copied to public");
        owner = named("tidemark/owner");
        try (Statement s = owner.createStatement()) {
            s.execute("update held set n = n + 1");
        }
        waiter = named("tidemark/waiter");
        waiting = CompletableFuture.runAsync(() -> {
            try (Statement s = waiter.createStatement()) {
                s.execute("update held set n = n + 1");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        control = named("control");
        Awaitility.await("it waits")
                .until(() -> database.superuser()
                                .number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                        + " and application_name = 'tidemark/waiter' and datname = current_database()")
                        == 1);
    }

    @AfterEach
    void close() throws SQLException {
        stop = true;
        for (Connection c : List.of(owner, waiter, control)) {
            c.abort(Runnable::run);
        }
    }

    @ParameterizedTest
    @EnumSource(Work.class)
    void aSlowOwnerIsLeftAloneUntilItStops(Work work) throws Exception {
        work.begin(this);
        CompletableFuture<Void> moving = CompletableFuture.runAsync(() -> repeat(work));
        Awaitility.await("it works undisturbed")
                .pollInterval(Duration.ofMillis(200))
                .during(OWNER_TIMEOUT.multipliedBy(3))
                .atMost(OWNER_TIMEOUT.multipliedBy(6))
                .until(() -> {
                    look();
                    return !moving.isDone() && !waiting.isDone();
                });
        stop = true;
        moving.get(3, TimeUnit.MINUTES);
        look();
        assertThat(waiting).as("ended at a first look").isNotDone();
        Awaitility.await("it is ended").pollInterval(Duration.ofMillis(200)).until(() -> {
            look();
            return waiting.isDone();
        });
        waiting.join();
    }

    private void repeat(Work work) {
        try {
            while (!stop) {
                work.step(this);
                TimeUnit.MILLISECONDS.sleep(PAUSE);
            }
        } catch (SQLException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void look() throws SQLException {
        watch.look(control, List.of("tidemark/waiter"), System.nanoTime());
        control.commit();
    }

    private CopyManager copying() throws SQLException {
        return owner.unwrap(PGConnection.class).getCopyAPI();
    }

    private Connection named(String name) throws SQLException {
        Connection c = role.connect();
        try (Statement s = c.createStatement()) {
            s.execute("set application_name = '" + name + "'");
        }
        c.setAutoCommit(false);
        return c;
    }
}
