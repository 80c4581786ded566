package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.PreparedStatement;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DDL under a statement that the driver keeps prepared: it is prepared again, and the consumer need not be restarted. */
@Tag("exhaustive")
class StalePlanIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("ddl"), 1);

    private static final String SELECT = "select * from setting";

    private Running start(HikariDataSource pool, String sql) {
        database.owner()
                .execute(
                        "create table setting (name text, value int)",
                        "insert into setting values ('a', 1)",
                        "create function twice() returns bigint language plpgsql as $$ declare r record; v bigint; begin"
                                + " for r in execute 'select value from setting' loop v := r.value * 2; end loop;"
                                + " return v; end $$",
                        "create table seen (n bigint)");
        return Running.start(
                pool,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.halt()).handle((record, tx) -> {
                    try (PreparedStatement s = tx.getConnection().prepareStatement(sql)) {
                        s.executeQuery();
                    }
                    tx.execute("insert into seen values (?)", record.offset());
                }));
    }

    private void readSingly(Running running, int from, int to) {
        try (var producer = kafka.producer()) {
            for (int n = from; n <= to; n++) {
                int sent = n;
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, "x"));
                running.until("read " + n, () -> ExactlyOnce.progress(database, topic) == sent);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alter table setting add column more int",
                "alter table setting alter column value type bigint",
                "alter table setting rename column value to val",
                "drop table setting; create table setting (name text, more int, value int); insert into setting values ('a', 1, 1)"
            })
    void aQuietTopicGoesOnAfterIt(String ddl) {
        try (Running running = start(database.pool(5), SELECT)) {
            // The driver prepares a statement on the server at its fifth use.
            readSingly(running, 1, 8);
            database.owner().execute(ddl.split("; "));
            readSingly(running, 9, 12);
        }
        assertThat(database.number("select count(*) from seen")).isEqualTo(12);
    }

    /** Long enough that its connection is back in the pool, with what is prepared there. */
    @ParameterizedTest
    @CsvSource({
        SELECT + ", alter table setting add column more int",
        SELECT + ", alter table setting drop column name",
        "select twice(), alter table setting alter column value type bigint"
    })
    void aTopicThatWasQuietForLongGoesOnAfterIt(String sql, String ddl) {
        HikariDataSource pool = database.pool(5);
        try (Running running = start(pool, sql)) {
            readSingly(running, 1, 8);
            running.until(
                    "only the control thread has a connection",
                    () -> pool.getHikariPoolMXBean().getActiveConnections() <= 1);
            database.owner().execute(ddl);
            readSingly(running, 9, 12);
        }
        assertThat(database.number("select count(*) from seen")).isEqualTo(12);
    }
}
