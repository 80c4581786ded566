package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.StartPosition;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A partition that was refused at its claim resumes by itself once the cause is fixed. */
@Tag("exhaustive")
class RepairedClaimIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String sound = kafka.createTopic(Servers.unique("sound"), 1);
    private final String refused = kafka.createTopic(Servers.unique("refused"), 1);
    private final TopicPartition partition = new TopicPartition(refused, 0);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    @AfterEach
    void close() {
        producer.close();
    }

    @Test
    void aTopicThatWasCreatedAgainIsBoundAnew() throws Exception {
        readBoth();
        kafka.createAgain(refused, 1);
        goesOnAfter("TM-302", builder -> builder.topics(sound, refused), this::rebind);
    }

    @Test
    void offsetsOfAnotherClusterAreBoundAnew() throws Exception {
        readBoth();
        database.owner()
                .execute("update tidemark.topic_binding set cluster_id = 'another' where topic = '" + refused + "'");
        goesOnAfter("TM-301", builder -> builder.topics(sound, refused), this::rebind);
    }

    @Test
    void aBindingIsPutRightByHand() throws Exception {
        readBoth();
        database.owner()
                .execute("update tidemark.topic_binding set topic_id = 'another' where topic = '" + refused + "'");
        goesOnAfter(
                "TM-302",
                builder -> builder.topics(sound, refused),
                () -> database.owner()
                        .execute("update tidemark.topic_binding set topic_id = '" + kafka.topicId(refused)
                                + "' where topic = '" + refused + "'"));
    }

    @Test
    void aMissingRowIsPutBack() throws Exception {
        readBoth();
        database.owner().execute("delete from tidemark.stored_offset where topic = '" + refused + "'");
        goesOnAfter(
                "TM-303",
                builder -> builder.topics(sound, refused),
                () -> database.owner()
                        .execute("insert into tidemark.stored_offset (group_id, topic, partition, next_offset)"
                                + " values ('" + sound + "', '" + refused + "', 0, 100)"));
    }

    @Test
    void aTopicWithoutAStartPositionIsBound() throws Exception {
        database.execute("select tidemark.bind_topic('" + sound + "', '" + sound + "', '" + cluster() + "', '"
                + kafka.topicId(sound) + "', array[0])");
        goesOnAfter(
                "TM-309",
                builder -> builder.topics(sound, refused).startAt(StartPosition.refuse()),
                () -> database.execute("select tidemark.bind_topic('" + sound + "', '" + refused + "', '" + cluster()
                        + "', '" + kafka.topicId(refused) + "', array[0])"));
    }

    @Test
    void aPartitionThatWasNamedByHandIsCreated() throws Exception {
        TopicPartition later = new TopicPartition(refused, 1);
        goesOnAfter(
                "TM-307",
                builder -> builder.partitions(new TopicPartition(sound, 0), later),
                later,
                () -> kafka.addPartitions(refused, 2));
    }

    @Test
    void aBoundedRunFailsAtOnce() throws Exception {
        readBoth();
        database.owner()
                .execute("update tidemark.topic_binding set topic_id = 'another' where topic = '" + refused + "'");
        Servers.produceTo(producer, partition, flights);
        try (Running running = start(builder -> builder.topics(sound, refused).untilEnd())) {
            assertThat(running.failure()).hasMessageContaining("TM-302");
        }
    }

    /** Both topics have been read to their ends. */
    private void readBoth() {
        Servers.produceTo(producer, partition, flights);
        try (Running running = start(builder -> builder.topics(sound, refused))) {
            running.until("read", () -> ExactlyOnce.progress(database, sound) == 100);
            running.until("claimed", () -> state(running, new TopicPartition(sound, 0)) == PartitionState.RUNNING);
        }
    }

    private interface Repair {
        void run() throws Exception;
    }

    private void goesOnAfter(String code, UnaryOperator<TidemarkBuilder<String, String>> reading, Repair repair)
            throws Exception {
        goesOnAfter(code, reading, partition, repair);
    }

    private void goesOnAfter(
            String code, UnaryOperator<TidemarkBuilder<String, String>> reading, TopicPartition of, Repair repair)
            throws Exception {
        try (LogCapture log = LogCapture.of(sound);
                Running running = start(reading)) {
            running.until("it is refused", () -> error(running, of).contains(code));
            running.until(
                    "it is written down",
                    () -> database.query(
                                    "select error_code from tidemark.partition_state where halted_at is not null and topic = '"
                                            + of.topic() + "' and partition = " + of.partition())
                            .contains(code));
            assertThat(running.consumer().health().ready()).isFalse();
            repair.run();
            running.until("it is claimed", () -> state(running, of) == PartitionState.RUNNING);
            running.until("all are", () -> running.consumer().health().ready());
            assertThat(database.query("select state from tidemark.consumer_lag where topic = '" + of.topic()
                            + "' and partition = " + of.partition()))
                    .containsExactly("owned");
            long before = applied(of);
            Servers.produceTo(producer, of, flights);
            running.until("it is read", () -> applied(of) == before + 100);
            // Not one an attempt; another only if it was assigned again, as after a session that was lost.
            assertThat(lines(log, "halted ")).isBetween(1L, Math.max(1, lines(log, "assigned ")));
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, sound);
    }

    private static long lines(LogCapture log, String beginning) {
        return log.news().stream()
                .filter(e -> e.getFormattedMessage().startsWith(beginning))
                .count();
    }

    private void rebind() throws Exception {
        database.execute(
                "select tidemark.rebind_topic('" + sound + "', '" + refused + "', '" + cluster() + "', '"
                        + kafka.topicId(refused) + "', array["
                        + kafka.logEnds(refused, 1).get(partition) + "])",
                "delete from applied where topic = '" + refused + "' and record_offset >= "
                        + kafka.logEnds(refused, 1).get(partition));
    }

    private String cluster() throws ExecutionException, InterruptedException {
        return kafka.admin().describeCluster().clusterId().get();
    }

    private Running start(UnaryOperator<TidemarkBuilder<String, String>> reading) {
        return Running.start(
                database,
                kafka.consumerConfig(sound, "cooperative"),
                builder -> reading.apply(builder).handleBatch(FlightEffects::foldBatch));
    }

    private long applied(TopicPartition of) {
        return database.number(
                "select count(*) from applied where topic = '" + of.topic() + "' and partition = " + of.partition());
    }

    private static Optional<PartitionStatus> status(Running running, TopicPartition of) {
        return running.consumer().status().partitions().stream()
                .filter(p -> p.partition().equals(of))
                .findFirst();
    }

    private static PartitionState state(Running running, TopicPartition of) {
        return status(running, of).map(PartitionStatus::state).orElse(PartitionState.DRAINING);
    }

    private static String error(Running running, TopicPartition of) {
        return status(running, of)
                .flatMap(PartitionStatus::lastError)
                .map(Problem::toString)
                .orElse("");
    }
}
