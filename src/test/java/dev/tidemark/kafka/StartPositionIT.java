package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a group begins: resolved once, for all partitions, and stored before the first record. */
class StartPositionIT {
    private final Instant noon = Instant.now().minus(Duration.ofHours(3));

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("start"), 2);

    /** Partition 0: offsets 0 to 9, a minute apart, from noon. Partition 1: empty. */
    @BeforeEach
    void produce() throws Exception {
        try (var producer = kafka.producer()) {
            for (int i = 0; i < 10; i++) {
                long at = noon.plus(Duration.ofMinutes(i)).toEpochMilli();
                producer.send(new ProducerRecord<>(topic, 0, at, "k", "{\"origin\":\"ORD\",\"delay\":1}"))
                        .get();
            }
        }
        kafka.admin()
                .deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(2)))
                .all()
                .get(3, TimeUnit.MINUTES);
    }

    private List<String> begun(StartPosition start) {
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .startAt(start)
                        .handle((record, tx) -> FlightEffects.foldOne(record, tx)))) {
            running.until(
                    "read to the end",
                    () -> database.number("select count(*) from tidemark.stored_offset" + " where group_id = '" + topic
                                    + "' and next_offset = 10 and partition = 0")
                            == 1);
        }
        return database.query("select count(*), min(record_offset) from applied");
    }

    @Test
    void earliest() {
        assertThat(begun(StartPosition.earliest())).containsExactly("8|2");
    }

    @Test
    void latest() {
        assertThat(begun(StartPosition.latest())).containsExactly("0|null");
    }

    @Test
    void atATimestamp() {
        assertThat(begun(StartPosition.at(noon.plus(Duration.ofSeconds(301))))).containsExactly("4|6");
    }

    @Test
    void atATimestampAfterTheLastRecord() {
        assertThat(begun(StartPosition.at(Instant.now()))).containsExactly("0|null");
    }

    /** To Kafka, -1 is the log's end, -2 its start, -3 the record with the largest timestamp, and others are errors. */
    @ParameterizedTest
    @ValueSource(longs = {-1, -2, -3, -4, Long.MIN_VALUE})
    void beforeNineteenSeventy(long millis) {
        assertThat(begun(StartPosition.at(Instant.ofEpochMilli(millis)))).containsExactly("8|2");
    }

    @Test
    void theLastTimeThereIs() {
        assertThat(begun(StartPosition.at(Instant.ofEpochMilli(Long.MAX_VALUE))))
                .containsExactly("0|null");
    }

    @Test
    void longerAgoThanKafkaCounts() {
        Duration sinceNineteenSeventy = Duration.between(Instant.EPOCH, Instant.now());
        assertThat(begun(StartPosition.ago(sinceNineteenSeventy.plusDays(1)))).containsExactly("8|2");
        assertThat(begun(StartPosition.ago(Duration.ofMillis(Long.MAX_VALUE))))
                .as("a second start, which counts from the stored offset")
                .containsExactly("8|2");
    }

    @Test
    void aDurationAgo() {
        Duration ago = Duration.between(noon.plus(Duration.ofSeconds(450)), Instant.now());
        assertThat(begun(StartPosition.ago(ago))).containsExactly("2|8");
    }

    @Test
    void whatTheGroupHasCommittedToKafka() throws Exception {
        kafka.admin()
                .alterConsumerGroupOffsets(topic, Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(7)))
                .all()
                .get(3, TimeUnit.MINUTES);
        assertThat(begun(StartPosition.committedOrElse(StartPosition.earliest())))
                .containsExactly("3|7");
    }

    @Provokes(ErrorCode.NO_START_POSITION)
    @Test
    void refused() {
        for (StartPosition start : List.of(StartPosition.refuse(), StartPosition.committed())) {
            try (Running running = Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topics(topic)
                            .startAt(start)
                            .handle((record, tx) -> FlightEffects.foldOne(record, tx)))) {
                assertThat(running.failure())
                        .isInstanceOf(LogMismatchException.class)
                        .hasMessageContaining("TM-309")
                        .hasMessageContaining(topic);
            }
        }
        assertThat(database.number("select count(*) from tidemark.stored_offset"))
                .isZero();
    }

    @Test
    void theStoredOffsetCountsAndNothingElse() {
        assertThat(begun(StartPosition.earliest())).containsExactly("8|2");
        assertThat(begun(StartPosition.refuse())).as("another start").containsExactly("8|2");
    }
}
