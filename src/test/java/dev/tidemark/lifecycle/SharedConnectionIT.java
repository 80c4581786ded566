package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.tomcat.jdbc.pool.PoolProperties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.jdbc.datasource.AbstractDataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** A connection that two threads use at once has one transaction for both: the commit of one is that of the other, without its offset. */
@Tag("exhaustive")
class SharedConnectionIT {
    private static final int RECORDS = 200;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("shared"), 4);

    @BeforeEach
    void records() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, RECORDS));
        }
    }

    /** DataSources that hand out what is in use. */
    enum Sharing {
        ONE_FOR_ALL {
            @Override
            DataSource of(TestDatabase database) throws SQLException {
                return new SingleConnectionDataSource(database.connect(), true);
            }
        },
        ONE_UNDER_ANOTHER_NAME_EACH_TIME {
            @Override
            DataSource of(TestDatabase database) throws SQLException {
                Connection one = database.connect();
                return new AbstractDataSource() {
                    @Override
                    public Connection getConnection() throws SQLException {
                        return new SingleConnectionDataSource(one, true).getConnection();
                    }

                    @Override
                    public Connection getConnection(String user, String password) throws SQLException {
                        return getConnection();
                    }
                };
            }
        },
        TWO_IN_TURNS {
            @Override
            DataSource of(TestDatabase database) throws SQLException {
                DataSource[] both = {ONE_FOR_ALL.of(database), ONE_FOR_ALL.of(database)};
                AtomicInteger turn = new AtomicInteger();
                return new DelegatingDataSource(both[0]) {
                    @Override
                    public Connection getConnection() throws SQLException {
                        return both[turn.getAndIncrement() % 2].getConnection();
                    }
                };
            }
        };

        abstract DataSource of(TestDatabase database) throws SQLException;
    }

    private TidemarkBuilder<String, String> builder(DataSource source) {
        return Tidemark.consumer(kafka.consumerConfig(topic, "cooperative"))
                .topics(topic)
                .deserializers(StringDeserializer::new, StringDeserializer::new)
                .database(source)
                .workers(3)
                .untilEnd();
    }

    private TidemarkConsumer consumer(DataSource source) {
        return builder(source).handle(FlightEffects::foldOne);
    }

    @ParameterizedTest
    @EnumSource
    void isRefusedBeforeAnythingTakesEffect(Sharing sharing) throws SQLException {
        // One worker alone must not read everything: each unit stays open until there are two.
        CountDownLatch two = new CountDownLatch(2);
        TidemarkConsumer consumer = builder(sharing.of(database))
                .limits(UnitLimits.defaults().withMaxRecords(1))
                .transactionIdleTimeout(Duration.ofMinutes(4))
                .handle((record, tx) -> {
                    two.countDown();
                    two.await();
                    FlightEffects.foldOne(record, tx);
                });
        assertThatThrownBy(consumer::run)
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContainingAll("TM-102", "in use", "use a pool");
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    /** One after the other is no sharing. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsHandedOutAgainAfterItCameBackIsNotShared(boolean pooled) {
        DataSource source;
        if (pooled) {
            PoolProperties properties = new PoolProperties();
            properties.setUrl(database.jdbcUrl());
            properties.setMaxActive(4);
            properties.setMaxIdle(4);
            source = new org.apache.tomcat.jdbc.pool.DataSource(properties);
        } else {
            PGSimpleDataSource each = new PGSimpleDataSource();
            each.setUrl(database.jdbcUrl());
            source = each;
        }
        for (int i = 1; i <= 3; i++) {
            consumer(source).run();
            assertThat(ExactlyOnce.progress(database, topic)).isEqualTo((long) RECORDS * i);
            records();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        if (source instanceof org.apache.tomcat.jdbc.pool.DataSource pool) {
            pool.close();
        }
    }

    @Test
    void twoConsumersMayUseOnePool() {
        try (var pool = database.pool(4)) {
            consumer(pool).run();
            try (var producer = kafka.producer()) {
                Servers.produceTo(
                        producer, new TopicPartition(topic, 0), Flights.sample().subList(0, RECORDS));
            }
            consumer(pool).run();
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(2L * RECORDS);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }
}
