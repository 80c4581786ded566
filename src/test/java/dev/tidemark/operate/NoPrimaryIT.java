package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** With {@code targetServerType=primary}, there is no server to connect to in a failover; nothing is silent, and a restart does not help. */
@Tag("exhaustive")
class NoPrimaryIT {
    /** How many connections are refused before anything is looked at: two show a silence. */
    private static final int REFUSED = 8;

    private static final Duration NETWORK_TIMEOUT = Duration.ofSeconds(1);

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("no-primary"), 1);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final AtomicInteger refused = new AtomicInteger();

    @ParameterizedTest
    @CsvSource({
        "localhost:@, false",
        "'localhost:@,127.0.0.1:@', false",
        "'localhost:1,localhost:@', false",
        "localhost:@, true",
        "'localhost:1,localhost:@', true"
    })
    void aConsumerWaitsForOneAsAMemberOfItsGroup(String hosts, boolean pooled) throws Exception {
        DataSource source = source(hosts.replace("@", "" + database.server().port()), pooled);
        try (var producer = kafka.producer();
                AutoCloseable unused = source instanceof AutoCloseable pool ? pool : () -> {};
                TidemarkConsumer consumer = Tidemark.consumer(kafka.consumerConfig(topic, "consumer"))
                        .deserializers(StringDeserializer::new, StringDeserializer::new)
                        .database(counting(source))
                        .topics(topic)
                        .networkTimeout(NETWORK_TIMEOUT)
                        .handle(FlightEffects::foldOne)) {
            consumer.start();
            Servers.produceTo(producer, zero, Flights.sample().subList(0, 50));
            Awaitility.await("the first half").until(() -> stored() == 50);

            String role = "alter role " + database.writer().role() + " in database " + database.name();
            database.superuser()
                    .execute(
                            role + " set default_transaction_read_only = on",
                            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                                    + " and usename = '" + database.writer().role() + "'");
            Awaitility.await("no server is the primary").until(() -> refused.get() >= REFUSED);
            assertThat(consumer.health().live())
                    .as(consumer.health().toString())
                    .isTrue();
            assertThat(consumer.status().partitions()).hasSize(1);
            assertThat(consumer.health().problems()).noneMatch(problem -> problem.contains("silent"));

            database.superuser().execute(role + " reset default_transaction_read_only");
            Servers.produceTo(producer, zero, Flights.sample().subList(50, 100));
            Awaitility.await("the second half").until(() -> stored() == 100);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private DataSource source(String hosts, boolean pooled) {
        String url = database.jdbcUrl().replaceFirst("//[^/]*/", "//" + hosts + "/") + "&targetServerType=primary";
        if (pooled) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(url);
            config.setMaximumPoolSize(2);
            config.setConnectionTimeout(250);
            return new HikariDataSource(config);
        }
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        return source;
    }

    private DataSource counting(DataSource source) {
        return new DelegatingDataSource(source) {
            @Override
            public Connection getConnection() throws SQLException {
                try {
                    return super.getConnection();
                } catch (SQLException e) {
                    refused.incrementAndGet();
                    throw e;
                }
            }
        };
    }

    private long stored() {
        return ExactlyOnce.stored(database, topic, zero);
    }
}
