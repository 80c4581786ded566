package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.KafkaClients;
import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkListener;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.FedConsumer;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The poll thread on Kafka's mock consumer, which says exactly when partitions come and go and what a poll throws. */
class PollThreadIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("poll"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);
    private final FedConsumer consumer = new FedConsumer();
    private final List<TidemarkListener.Rebalance> rebalances = new CopyOnWriteArrayList<>();

    private Running start() {
        KafkaClients clients = new KafkaClients() {
            @Override
            public Consumer<byte[], byte[]> consumer(Map<String, Object> settings) {
                assertThat(settings).containsEntry("group.id", topic).containsEntry("enable.auto.commit", "false");
                return consumer;
            }
        };
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .kafkaClients(clients)
                        .closeTimeout(Duration.ofMinutes(3))
                        .addListener(new TidemarkListener() {
                            @Override
                            public void rebalanced(Rebalance rebalance) {
                                rebalances.add(rebalance);
                            }
                        })
                        .handle(FlightEffects::foldOne));
    }

    private void append(int from, int to) {
        for (Flight flight : flights.subList(from, to)) {
            consumer.append(
                    new TopicPartition(topic, Math.floorMod(flight.origin().hashCode(), 2)),
                    flight.origin().getBytes(StandardCharsets.UTF_8),
                    flight.json().getBytes(StandardCharsets.UTF_8));
        }
    }

    private void untilRead(Running running, int records) {
        running.until("all read", () -> ExactlyOnce.progress(database, topic) == records);
        assertThat(database.number("select count(*) from applied")).isEqualTo(records);
    }

    @Test
    void aPartitionThatComesIsReadFromItsStoredOffset() {
        try (Running running = start()) {
            consumer.assignOnPoll(Set.of(zero, one));
            append(0, 60);
            untilRead(running, 60);
            consumer.assignOnPoll(Set.of());
            running.until("gone", () -> running.consumer().status().partitions().isEmpty());
            append(60, 100);
            int before = consumer.seeks().size();
            consumer.assignOnPoll(Set.of(zero, one));
            untilRead(running, 100);
            List<String> sought =
                    consumer.seeks().subList(before, consumer.seeks().size());
            assertThat(sought).hasSize(2).doesNotContain(zero + "@0", one + "@0");
        }
        assertThat(consumer.closed()).isTrue();
    }

    @Test
    void aLostPartitionIsClaimedAgainWhenItComesBack() {
        try (Running running = start()) {
            consumer.assignOnPoll(Set.of(zero, one));
            append(0, 60);
            untilRead(running, 60);
            consumer.loseOnPoll(Set.of(zero));
            running.until("lost", () -> running.consumer().status().partitions().size() == 1);
            append(60, 100);
            consumer.assignOnPoll(Set.of(zero, one));
            untilRead(running, 100);
        }
        assertThat(rebalances)
                .extracting(TidemarkListener.Rebalance::kind)
                .contains(TidemarkListener.Rebalance.Kind.LOST);
    }

    static Stream<KafkaException> passing() {
        return Stream.of(
                new TimeoutException("slow"),
                new CoordinatorNotAvailableException("moving"),
                new WakeupException(),
                new NoOffsetForPartitionException(Set.of(new TopicPartition("any", 0))));
    }

    @ParameterizedTest
    @MethodSource("passing")
    void whatPassesIsTriedAgain(KafkaException failure) {
        try (Running running = start()) {
            consumer.assignOnPoll(Set.of(zero, one));
            append(0, 60);
            untilRead(running, 60);
            consumer.throwOnPoll(failure);
            append(60, 100);
            untilRead(running, 100);
            assertThat(running.consumer().status().state()).isEqualTo(State.RUNNING);
        }
    }

    @Test
    void whatDoesNotPassEndsTheRunWithItsCode() {
        try (Running running = start()) {
            consumer.assignOnPoll(Set.of(zero, one));
            append(0, 60);
            untilRead(running, 60);
            consumer.throwOnPoll(new GroupAuthorizationException("etl"));
            assertThat(running.failure()).hasMessageContaining(ErrorCode.KAFKA_REFUSES.code());
        }
        assertThat(consumer.closed()).isTrue();
    }

    @Test
    void whatNoCodeDescribesEndsTheRun() {
        try (Running running = start()) {
            consumer.assignOnPoll(Set.of(zero));
            running.until(
                    "assigned", () -> !running.consumer().status().partitions().isEmpty());
            consumer.throwOnPoll(new KafkaException("a message that may hold data"));
            assertThat(running.failure())
                    .hasMessageContaining(ErrorCode.UNEXPECTED.code())
                    .hasMessageNotContaining("may hold data");
        }
        assertThat(consumer.closed()).isTrue();
        assertThat(database.number("select count(*) from tidemark.stored_offset where group_id = '" + topic
                        + "' and owner_name is not null"))
                .as("claims were given back")
                .isZero();
    }

    @Test
    void anOffsetThatTheLogDoesNotHaveHaltsItsPartitionAlone() {
        try (Running running = start()) {
            consumer.assignOnPoll(Set.of(zero, one));
            append(0, 60);
            untilRead(running, 60);
            // The real log of this topic is empty, so that its end is what there is.
            consumer.throwOnPoll(new OffsetOutOfRangeException(Map.of(zero, 20L)));
            running.until("halted", () -> state(running, zero) == PartitionState.HALTED);
            assertThat(running.consumer().status().partitions().stream()
                            .filter(partition -> partition.partition().equals(zero))
                            .findFirst()
                            .flatMap(partition -> partition.lastError())
                            .orElseThrow()
                            .code())
                    .isEqualTo(ErrorCode.OFFSET_BEYOND_LOG);
            assertThat(state(running, one)).isEqualTo(PartitionState.RUNNING);
        }
    }

    private static PartitionState state(Running running, TopicPartition of) {
        return running.consumer().status().partitions().stream()
                .filter(partition -> partition.partition().equals(of))
                .map(partition -> partition.state())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void partitionsThatComeAndGoAtRandomAreReadOnce() {
        long seed = Long.getLong("tidemark.test.seed", System.nanoTime());
        Random random = new Random(seed);
        try (Running running = start()) {
            int appended = 0;
            while (appended < flights.size()) {
                int next = Math.min(flights.size(), appended + random.nextInt(8));
                append(appended, next);
                appended = next;
                List<TopicPartition> some =
                        Stream.of(zero, one).filter(p -> random.nextBoolean()).toList();
                if (random.nextInt(4) == 0) {
                    consumer.loseOnPoll(some);
                } else {
                    consumer.assignOnPoll(some);
                }
                if (random.nextInt(3) == 0) {
                    long before = consumer.seeks().size();
                    consumer.assignOnPoll(Set.of(zero, one));
                    running.until(
                            "something was claimed",
                            () -> consumer.seeks().size() > before
                                    || running.consumer().health().ready());
                }
            }
            consumer.assignOnPoll(Set.of(zero, one));
            running.until("all read, seed " + seed, () -> ExactlyOnce.progress(database, topic) == flights.size());
            assertThat(database.number("select count(*) from applied"))
                    .as("seed " + seed)
                    .isEqualTo(flights.size());
        }
    }
}
