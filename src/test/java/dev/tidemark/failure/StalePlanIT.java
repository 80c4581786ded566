package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.PreparedStatement;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DDL under a statement that the driver keeps prepared: it is prepared again, and the consumer need not be restarted. */
class StalePlanIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("ddl"), 1);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alter table setting add column more int",
                "alter table setting alter column value type bigint",
                "alter table setting rename column value to val",
                "drop table setting; create table setting (name text, more int, value int); insert into setting values ('a', 1, 1)"
            })
    void aQuietTopicGoesOnAfterIt(String ddl) {
        database.owner()
                .execute(
                        "create table setting (name text, value int)",
                        "insert into setting values ('a', 1)",
                        "create table seen (n bigint)");
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .onFailure(FailurePolicy.halt())
                                .handle((record, tx) -> {
                                    try (PreparedStatement s =
                                            tx.getConnection().prepareStatement("select * from setting")) {
                                        s.executeQuery();
                                    }
                                    tx.execute("insert into seen values (?)", record.offset());
                                }))) {
            // The driver prepares a statement on the server at its fifth use.
            for (int n = 1; n <= 8; n++) {
                int sent = n;
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, "before"));
                running.until("read " + n, () -> ExactlyOnce.progress(database, topic) == sent);
            }
            database.owner().execute(ddl.split("; "));
            for (int n = 9; n <= 12; n++) {
                int sent = n;
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, "after"));
                running.until("read " + n, () -> ExactlyOnce.progress(database, topic) == sent);
            }
        }
        assertThat(database.number("select count(*) from seen")).isEqualTo(12);
    }
}
