package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code doctor} names members of the group that are not Tidemark consumers. */
@Tag("exhaustive")
class DoctorOtherMembersIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("rolling"), 2);

    @Test
    void aPlainConsumerIsNamedWithItsPartition() {
        Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
        config.put("client.id", "plain-" + topic);
        config.put("enable.auto.commit", "false");
        try (Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch));
                var plain = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            running.until(
                    "claimed", () -> running.consumer().status().partitions().size() == 2);
            plain.subscribe(List.of(topic));
            running.until("one partition is the plain consumer's", () -> {
                plain.poll(Duration.ofMillis(200));
                return plain.assignment().size() == 1;
            });
            assertThat(Cli.on(database, kafka).run("doctor", "--group", topic).out())
                    .containsPattern("WARN +members: group " + topic + ": topic " + topic + " partition [01] is held by"
                            + " plain-" + topic + " on ");
        }
    }
}
