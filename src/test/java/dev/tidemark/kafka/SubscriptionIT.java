package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.StartPosition;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a group reads: topics that exist, that do not exist yet, that match a pattern, and partitions that were assigned manually. */
class SubscriptionIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    // Messages list topics by name, and only the first ones.
    private final String group = Servers.unique("a-subscription");
    private final List<Flight> flights = Flights.sample().subList(0, 50);

    @AfterEach
    void close() {
        producer.close();
    }

    private Running start(String protocol, UnaryOperator<TidemarkBuilder<String, String>> reads) {
        return Running.start(
                database,
                kafka.consumerConfig(group, protocol),
                builder -> reads.apply(builder).handleBatch(FlightEffects::foldBatch));
    }

    private Running startByHand(TopicPartition... partitions) {
        return start("consumer", builder -> builder.partitions(partitions));
    }

    private TopicPartition create(String suffix) {
        return new TopicPartition(kafka.createTopic(group + suffix, 1), 0);
    }

    private void produce(TopicPartition partition) {
        Servers.produceTo(producer, partition, flights);
    }

    private long stored(TopicPartition partition) {
        return ExactlyOnce.stored(database, group, partition);
    }

    private static PartitionStatus status(Running running, int index) {
        return running.consumer().status().partitions().get(index);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void aTopicThatComesToMatchIsReadFromItsFirstRecord(String protocol) {
        TopicPartition first = create("-first");
        TopicPartition stranger = new TopicPartition(kafka.createTopic("not-" + group + "-x", 1), 0);
        TopicPartition second;
        TopicPartition third;
        produce(first);
        produce(stranger);
        UnaryOperator<TidemarkBuilder<String, String>> matching =
                builder -> builder.topicPattern(Pattern.compile(group + "-.*")).startAt(StartPosition.latest());
        try (Running running = start(protocol, matching)) {
            running.until("the topic that existed begins at its end", () -> stored(first) == 50);
            produce(first);
            second = create("-second");
            produce(second);
            running.until("both are read", () -> stored(first) == 100 && stored(second) == 50);
        }
        third = create("-third");
        produce(third);
        try (Running running = start(protocol, matching)) {
            running.until("the topic created meanwhile is read", () -> stored(third) == 50);
        }
        ExactlyOnce.assertApplied(database, first, LongStream.range(50, 100));
        ExactlyOnce.assertApplied(database, second, LongStream.range(0, 50));
        ExactlyOnce.assertApplied(database, third, LongStream.range(0, 50));
        ExactlyOnce.assertApplied(database, stranger, LongStream.empty());
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights, 3));
    }

    /** The first start is the one that found nothing. */
    @ParameterizedTest
    @CsvSource({"latest, true", "latest, false", "future, true", "refuse, false"})
    void aTopicThatComesToMatchWhileAGroupWithoutTopicsIsDownIsReadFromItsFirstRecord(String place, boolean bounded) {
        StartPosition start = switch (place) {
            case "latest" -> StartPosition.latest();
            case "future" -> StartPosition.at(Instant.now().plus(Duration.ofDays(1)));
            default -> StartPosition.refuse();
        };
        UnaryOperator<TidemarkBuilder<String, String>> matching =
                builder -> builder.topicPattern(Pattern.compile(group + "-.*")).startAt(start);
        try (Running running =
                start("consumer", b -> bounded ? matching.apply(b).untilEnd() : matching.apply(b))) {
            if (bounded) {
                running.end();
            } else {
                running.until("running", () -> running.consumer().health().ready());
            }
        }
        TopicPartition later = create("-later");
        produce(later);
        try (Running running = start("consumer", matching)) {
            running.until("the topic created meanwhile is read", () -> stored(later) == 50);
        }
        ExactlyOnce.assertApplied(database, later, LongStream.range(0, 50));
        if (place.equals("latest")) {
            database.execute("select tidemark.delete_group('" + group + "')");
            try (Running running = start("consumer", matching)) {
                running.until("a group that was deleted starts for the first time", () -> stored(later) == 50);
            }
            ExactlyOnce.assertApplied(database, later, LongStream.range(0, 50));
        }
    }

    /** Nobody can say how long it takes until a topic that was created is noticed. */
    @ParameterizedTest
    @ValueSource(strings = {"cooperative", "consumer"})
    void aNamedTopicThatIsWaitedForIsReadFromItsFirstRecord(String protocol) {
        TopicPartition later = new TopicPartition(group + "-later", 0);
        TopicPartition old = create("-old");
        produce(old);
        try (Running running = start(
                protocol, builder -> builder.topics(old.topic(), later.topic()).startAt(StartPosition.latest()))) {
            running.until(
                    "the missing one is told",
                    () -> running.consumer().status().lastError().stream()
                            .anyMatch(problem -> problem.message().contains(later.topic())));
            running.until("the other is claimed", () -> stored(old) == 50);
            assertThat(create("-later")).isEqualTo(later);
            produce(later);
            running.until("the topic created meanwhile is read", () -> stored(later) == 50);
        }
        ExactlyOnce.assertApplied(database, old, LongStream.empty());
        ExactlyOnce.assertApplied(database, later, LongStream.range(0, 50));
    }

    /** The first start is the one that found no topic. */
    @Tag("exhaustive")
    @ParameterizedTest
    @CsvSource({
        "latest, false, false",
        "latest, true, false",
        "latest, false, true",
        "ago, false, false",
        "committed or latest, false, false"
    })
    void aNamedTopicThatIsCreatedWhileItsGroupIsDownIsReadFromItsFirstRecord(
            String place, boolean byHand, boolean matchingLater) {
        StartPosition start = switch (place) {
            case "latest" -> StartPosition.latest();
            case "ago" -> StartPosition.ago(Duration.ofMillis(1));
            default -> StartPosition.committedOrElse(StartPosition.latest());
        };
        TopicPartition later = new TopicPartition(group + "-later", 0);
        UnaryOperator<TidemarkBuilder<String, String>> named =
                builder -> (byHand ? builder.partitions(later) : builder.topics(later.topic())).startAt(start);
        for (int time = 1; time <= 2; time++) {
            try (Running running = start("consumer", named)) {
                running.until(
                        "the missing one is told",
                        () -> running.consumer().status().lastError().stream()
                                .anyMatch(problem -> problem.message().contains(later.topic())));
                running.until("it is recorded, once", () -> awaited() == 1);
            }
        }
        assertThat(create("-later")).isEqualTo(later);
        produce(later);
        try (Running running = start(
                "consumer",
                matchingLater
                        ? builder -> builder.topicPattern(Pattern.compile(group + "-.*"))
                                .startAt(start)
                        : named)) {
            running.until("the topic created meanwhile is read", () -> stored(later) == 50);
        }
        ExactlyOnce.assertApplied(database, later, LongStream.range(0, 50));
        if (place.equals("latest")) {
            database.execute("select tidemark.delete_group('" + group + "')");
            try (Running running = start("consumer", named)) {
                running.until("a group that was deleted starts for the first time", () -> stored(later) == 50);
            }
            ExactlyOnce.assertApplied(database, later, LongStream.range(0, 50));
        }
    }

    private long awaited() {
        return database.number("select count(*) from tidemark.audit_log where action = 'bind' and group_id = '" + group
                + "' and topic = '" + group + "-later' and reason = 'started before the topic existed'");
    }

    @Test
    void namedPartitionsAndNoOthersAreRead() {
        String topic = kafka.createTopic(group, 3);
        for (int i = 0; i < 3; i++) {
            produce(new TopicPartition(topic, i));
        }
        TopicPartition named = new TopicPartition(topic, 1);
        try (Running running = startByHand(named)) {
            running.until("read", () -> stored(named) == 50);

            database.owner()
                    .execute("begin; delete from applied where record_offset >= 20;"
                            + "delete from airport;"
                            + "update tidemark.stored_offset set next_offset = 20 where partition = 1; commit");
            running.until(
                    "a hand-made move is followed",
                    () -> stored(named) == 50 && status(running, 0).fences() == 1);
            assertThat(status(running, 0).lastFence().map(Problem::toString).orElseThrow())
                    .startsWith("TM-402");
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, group);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights.subList(20, 50)));
        assertThat(database.query("select partition from tidemark.stored_offset where owner_epoch > 0"))
                .containsExactly("1");
    }

    @Tag("exhaustive")
    @Test
    void whoeverClaimedANamedPartitionLastKeepsIt() {
        String topic = kafka.createTopic(group, 2);
        TopicPartition zero = new TopicPartition(topic, 0);
        TopicPartition one = new TopicPartition(topic, 1);
        produce(zero);
        produce(one);
        try (Running first = startByHand(zero, one)) {
            first.until("all read", () -> stored(zero) == 50 && stored(one) == 50);
            try (Running second = startByHand(zero)) {
                second.until(
                        "claimed",
                        () -> !second.consumer().status().partitions().isEmpty());
                first.until("halts", () -> status(first, 0).state() == PartitionState.HALTED);
                assertThat(status(first, 0).lastError().map(Problem::toString).orElseThrow())
                        .startsWith("TM-401")
                        .contains("topic " + topic + " partition 0")
                        .contains("claimed by " + status(second, 0).owner());
                assertThat(first.consumer().health().ready()).isFalse();
                produce(zero);
                produce(one);
                first.until("each reads its own", () -> stored(zero) == 100 && stored(one) == 100);
                try (Running third = startByHand(one)) {
                    assertThat(first.failure())
                            .isInstanceOf(FencedException.class)
                            .hasMessageContaining("TM-401");
                    produce(zero);
                    produce(one);
                    third.until("the others go on", () -> stored(zero) == 150 && stored(one) == 150);
                    second.until("ready", () -> second.consumer().health().ready());
                    assertThat(database.query("select owner_name from tidemark.stored_offset order by partition"))
                            .containsExactly(
                                    status(second, 0).owner(), status(third, 0).owner());
                    assertThat(status(second, 0).fences()).isZero();
                }
            }
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, group);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights, 6));
    }

    @Test
    void aNamedPartitionBeyondItsTopicHalts() {
        String topic = kafka.createTopic(group, 2);
        TopicPartition zero = new TopicPartition(topic, 0);
        TopicPartition nowhere = new TopicPartition(topic, 5);
        produce(zero);
        try (Running running = startByHand(zero, nowhere)) {
            running.until(
                    "one is read, the other halts",
                    () -> stored(zero) == 50 && status(running, 1).state() == PartitionState.HALTED);
            assertThat(status(running, 1).lastError().map(Problem::toString).orElseThrow())
                    .startsWith("TM-307")
                    .contains("topic " + topic + " partition 5 does not exist")
                    .contains("partitions 0 to 1");
        }
        try (Running running = startByHand(nowhere)) {
            assertThat(running.failure())
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageContaining("TM-307");
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, group);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTopicThatDoesNotExistIsNamedAndWaitedFor(boolean byHand) {
        TopicPartition there = create("");
        TopicPartition missing = new TopicPartition(group + "-missing", 0);
        produce(there);
        try (Running running = byHand
                ? startByHand(there, missing)
                : start("cooperative", builder -> builder.topics(there.topic(), missing.topic()))) {
            running.until(
                    "the one is read, the other is named",
                    () -> stored(there) == 50
                            && running.consumer().status().lastError().isPresent());
            assertThat(running.consumer()
                            .status()
                            .lastError()
                            .map(Problem::toString)
                            .orElseThrow())
                    .startsWith("TM-307")
                    .contains("topics [" + missing.topic() + "] do not exist")
                    .contains("Kafka has [")
                    .containsPattern("[\\[ ]" + there.topic() + "[,\\]]");
            assertThat(running.consumer().health().ready()).isFalse();
            create("-missing");
            produce(missing);
            running.until(
                    "it is read, and all is well",
                    () -> stored(missing) == 50 && running.consumer().health().ready());
            assertThat(running.consumer().status().lastError()).isEmpty();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, group);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights, 2));
    }
}
