package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.FailurePolicy;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.admin.ChangeOptions;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.PlanOptions;
import dev.tidemark.admin.ResetPlan;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.doctor.Doctor;
import dev.tidemark.doctor.Finding;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.tomcat.jdbc.pool.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** Connections go back to their pool as they came, for pools that reset nothing, as Tomcat's does by default. */
@Tag("exhaustive")
class ReturnedConnectionsIT {
    private static final int SIZE = 4;

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    private record State(
            boolean autoCommit, int networkTimeout, int threshold, int isolation, boolean readOnly, String server) {
        static State of(Connection c) throws SQLException {
            return new State(
                    c.getAutoCommit(),
                    c.getNetworkTimeout(),
                    c.unwrap(PGConnection.class).getPrepareThreshold(),
                    c.getTransactionIsolation(),
                    c.isReadOnly(),
                    onServer(c));
        }
    }

    /** What was set in the session on the server, and what it holds. */
    private static String onServer(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("""
                        select (select string_agg(name || '=' || setting, ' ' order by name)
                                  from pg_settings where setting is distinct from reset_val),
                               (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
                               (select string_agg(name, ' ') from pg_prepared_statements where from_sql),
                               (select string_agg(name, ' ') from pg_cursors where is_holdable)
                        """)) {
            assertThat(r.next()).isTrue();
            return r.getString(1) + " " + r.getLong(2) + " " + r.getString(3) + " " + r.getString(4);
        }
    }

    /** Does something with a pool. */
    private interface Use {
        void with(DataSource pool) throws Exception;
    }

    /** What any of the pool's connections is like before and after the use. */
    private static void assertUnchanged(DatabaseLogin login, boolean autoCommit, Use use) throws Exception {
        DataSource pool = new DataSource();
        pool.setDriverClassName("org.postgresql.Driver");
        pool.setUrl(login.jdbcUrl() + "&prepareThreshold=3&currentSchema=public,other");
        pool.setMaxActive(SIZE);
        pool.setMaxIdle(SIZE);
        pool.setMinIdle(SIZE);
        pool.setInitialSize(SIZE);
        pool.setDefaultAutoCommit(autoCommit);
        try {
            List<State> before = states(pool);
            use.with(pool);
            assertThat(pool.getActive()).isZero();
            assertThat(states(pool)).isEqualTo(before);
        } finally {
            pool.close(true);
        }
    }

    private static List<State> states(DataSource pool) throws SQLException {
        List<Connection> all = new ArrayList<>();
        List<State> states = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            Connection c = pool.getConnection();
            all.add(c);
            states.add(State.of(c));
        }
        for (Connection c : all) {
            if (!c.getAutoCommit()) {
                c.rollback();
            }
            c.close();
        }
        return states;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aConsumer(boolean autoCommit) throws Exception {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("returned"), 2);
        try (KafkaProducer<String, String> producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 40));
        }
        assertUnchanged(database.writer(), autoCommit, pool -> {
            try (TidemarkConsumer consumer = Tidemark.consumer(kafka.consumerConfig(topic, "cooperative"))
                    .deserializers(StringDeserializer::new, StringDeserializer::new)
                    .database(pool)
                    .topics(topic)
                    .workers(2)
                    .onFailure(FailurePolicy.park())
                    .handle((record, tx) -> {
                        FlightEffects.foldOne(record, tx);
                        if (record.offset() % 7 == 3) {
                            tx.execute("select 'x'::int");
                        }
                    })) {
                consumer.start();
                Awaitility.await("read").until(() -> ExactlyOnce.progress(database, topic) == 40);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anOperator(boolean autoCommit) throws Exception {
        database.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{10,20}')");
        assertUnchanged(database.as(DatabaseRole.OPERATOR), autoCommit, pool -> {
            TidemarkAdmin admin = TidemarkAdmin.of(pool);
            ResetPlan plan = admin.planReset(
                    "etl",
                    OffsetTarget.offset(5),
                    PartitionSelection.all(),
                    PlanOptions.defaults().unchecked());
            assertThat(admin.execute(plan).moves()).hasSize(2);
            assertThatThrownBy(() -> admin.describe("none")).isInstanceOf(TidemarkException.class);
            assertThatThrownBy(() -> admin.execute(plan, ChangeOptions.none().withEffects(c -> {
                        throw new IllegalStateException("the caller's own");
                    })))
                    .isInstanceOf(TidemarkException.class);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMigration(boolean autoCommit) throws Exception {
        assertUnchanged(database.owner(), autoCommit, pool -> {
            TidemarkSchema.migrate(pool, "another");
            TidemarkSchema.migrate(pool, "another");
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDoctor(boolean autoCommit) throws Exception {
        assertUnchanged(
                database.writer(),
                autoCommit,
                pool -> assertThat(Doctor.builder(pool).build().examine())
                        .extracting(Finding::finding)
                        .noneMatch(words -> words.contains("25P02")));
    }
}
