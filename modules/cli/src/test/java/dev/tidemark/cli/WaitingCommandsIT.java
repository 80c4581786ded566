package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code describe} and {@code doctor} show what a consumer waits for, and who holds it. */
@Tag("exhaustive")
class WaitingCommandsIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("waiting"), 1);

    @Test
    void anOffsetRowThatAnotherRoleHolds() throws SQLException {
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            running.until(
                    "claimed",
                    () -> database.query("select state from tidemark.consumer_lag")
                            .contains("owned"));
            try (Connection person = database.owner().connect();
                    Statement s = person.createStatement()) {
                person.setAutoCommit(false);
                s.execute("set application_name = 'curious person'");
                s.execute("select * from tidemark.stored_offset for update");
                Servers.produceTo(
                        producer, new TopicPartition(topic, 0), Flights.sample().subList(0, 100));
                running.until(
                        "the wait is noted",
                        () -> database.query("select state from tidemark.consumer_lag")
                                .contains("waiting"));
                Cli cli = Cli.on(database);
                assertThat(cli.run("describe", topic).out()).contains("waiting", "TM-404", "curious person");
                assertThat(cli.run("doctor", "--group", topic).out())
                        .contains("WARN    waiting", "TM-404", "curious person");
                person.rollback();
            }
        }
    }
}
