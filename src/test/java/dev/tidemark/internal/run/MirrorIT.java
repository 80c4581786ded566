package dev.tidemark.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is committed to a real broker of the positions that units report, which may pass each other on their way. */
@Tag("exhaustive")
class MirrorIT {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final KafkaServer kafka = Servers.kafka();
    private final String group = kafka.createTopic(Servers.unique("mirrored"), 2);
    private final TopicPartition zero = new TopicPartition(group, 0);
    private final TopicPartition one = new TopicPartition(group, 1);
    private final KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
            kafka.consumerConfig(group, "cooperative"), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    private final Mirror mirror = new Mirror(consumer, true);
    private final Claim claim = claim(zero);

    private static Claim claim(TopicPartition partition) {
        return new Claim(partition, UUID.randomUUID(), 1, Position.of(0));
    }

    @BeforeEach
    void assign() {
        consumer.assign(List.of(zero, one));
        consumer.seekToBeginning(List.of(zero, one));
        // Which finds the group's coordinator: a commit to none would be given up.
        assertThat(consumer.committed(Set.of(zero, one), Duration.ofMinutes(1)).values())
                .allMatch(Objects::isNull);
    }

    @AfterEach
    void close() {
        consumer.close();
    }

    private void note(Claim noted, long offset) {
        mirror.note(Set.of(noted.at(Position.of(offset))));
    }

    /** What the group stands at in Kafka, once it has this partition there. */
    private Map<TopicPartition, Long> committed(TopicPartition partition, long offset) {
        Awaitility.await("the commit of " + partition).until(() -> {
            consumer.poll(Duration.ofMillis(50));
            OffsetAndMetadata there = consumer.committed(Set.of(partition)).get(partition);
            return there != null && there.offset() == offset;
        });
        Map<TopicPartition, Long> all = new HashMap<>();
        consumer.committed(Set.of(zero, one))
                .forEach((p, there) -> Optional.ofNullable(there).ifPresent(t -> all.put(p, t.offset())));
        return all;
    }

    @Test
    void newsThatWasOvertakenTakesNothingBack() {
        note(claim, 5);
        note(claim, 3);
        mirror.commit(Set.of(zero));
        assertThat(committed(zero, 5)).containsExactly(Map.entry(zero, 5L));
        note(claim, 6);
        note(claim, 9);
        note(claim, 8);
        mirror.commit(Set.of(zero));
        assertThat(committed(zero, 9)).containsExactly(Map.entry(zero, 9L));
    }

    @Test
    void aNewClaimMayStandFurtherBack() {
        note(claim, 5);
        note(claim(zero), 2);
        mirror.commit(Set.of(zero));
        assertThat(committed(zero, 2)).containsExactly(Map.entry(zero, 2L));
    }

    @Test
    void onlyWhatIsAssignedIsCommittedAndAtMostOnceASecond() {
        long now = System.nanoTime();
        note(claim, 5);
        note(claim(one), 7);
        mirror.tick(now, Set.of(zero));
        assertThat(committed(zero, 5)).as("the other is somebody else's").containsExactly(Map.entry(zero, 5L));
        note(claim, 6);
        mirror.tick(now + SECOND.toNanos() - 1, Set.of(zero, one));
        note(claim(one), 8);
        mirror.commit(Set.of(one));
        assertThat(committed(one, 8))
                .as("too soon for the first")
                .containsExactlyInAnyOrderEntriesOf(Map.of(zero, 5L, one, 8L));
        mirror.tick(now + SECOND.toNanos(), Set.of(zero, one));
        assertThat(committed(zero, 6)).containsExactlyInAnyOrderEntriesOf(Map.of(zero, 6L, one, 8L));
    }

    @Test
    void whatWasForgottenIsNotCommitted() {
        note(claim, 5);
        note(claim(one), 7);
        mirror.forget(Set.of(zero));
        mirror.commit(Set.of(zero, one));
        assertThat(committed(one, 7)).containsExactly(Map.entry(one, 7L));
    }
}
