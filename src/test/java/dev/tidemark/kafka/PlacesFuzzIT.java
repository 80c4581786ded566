package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.StartPosition;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.testkit.FuzzSize;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random places in real logs: a start at a time is where Kafka's own consumer finds it, and a stored offset is read from, or halts
 * with the code of what is wrong with it, as Kafka's own consumer says. {@code -Dtidemark.test.fuzz} says how many times; of offsets,
 * of which each costs a part of a run, a tenth.
 */
@Tag("exhaustive")
class PlacesFuzzIT {
    private static final int PARTITIONS = 20;
    private static final long NOON = Instant.parse("2026-11-26T12:00:00Z").toEpochMilli();

    private final KafkaServer kafka = Servers.kafka();
    private final Random random = Seeds.random("PlacesFuzzIT");
    private final Map<TopicPartition, Long> starts = new HashMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();

    private static List<TopicPartition> all(String topic) {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(p -> new TopicPartition(topic, p))
                .toList();
    }

    /** Logs of 0 to 30 records, some of which lost their first ones; times go up and down. */
    private String logs() throws Exception {
        String topic = kafka.createTopic(
                Servers.unique("places"),
                PARTITIONS,
                Map.of("message.timestamp.type", "CreateTime", "retention.ms", "-1"));
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (var producer = kafka.producer()) {
            for (TopicPartition partition : all(topic)) {
                long end = random.nextInt(31);
                for (int i = 0; i < end; i++) {
                    long at = random.nextInt(10) == 0 ? random.nextInt(3) : NOON + random.nextInt(100) - 100L;
                    sent.add(producer.send(new ProducerRecord<>(topic, partition.partition(), at, "k", "v")));
                }
                starts.put(partition, 0L);
                ends.put(partition, end);
            }
            for (Future<RecordMetadata> one : sent) {
                one.get();
            }
        }
        for (TopicPartition partition : all(topic)) {
            long end = ends.getOrDefault(partition, 0L);
            if (end > 0 && random.nextInt(3) == 0) {
                long start = 1L + random.nextInt((int) end);
                kafka.expire(partition, start);
                starts.put(partition, start);
            }
        }
        return topic;
    }

    private KafkaConsumer<byte[], byte[]> plain() {
        Map<String, Object> config = new HashMap<>(kafka.consumerConfig(Servers.unique("oracle"), "cooperative"));
        config.put("auto.offset.reset", "none");
        config.put("enable.auto.commit", "false");
        config.put("fetch.max.wait.ms", "50");
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private long time() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(8) - 5;
            case 1 -> Long.MIN_VALUE + random.nextInt(3);
            case 2 -> Long.MAX_VALUE - random.nextInt(3);
            case 3 -> random.nextLong();
            default -> NOON + random.nextInt(110) - 105;
        };
    }

    @Test
    void aStartAtATimeIsWhereKafkaFindsIt() throws Exception {
        String topic = logs();
        int rounds = Math.max(1, FuzzSize.orElse(2_000) / PARTITIONS);
        TopicLookup lookup = new TopicLookup(kafka.admin(), "oracle", IsolationLevel.READ_COMMITTED);
        try (var oracle = plain()) {
            for (int round = 0; round < rounds; round++) {
                long time = time();
                Map<Integer, Long> found = lookup.offsets()
                        .starts(
                                topic,
                                PARTITIONS,
                                StartPosition.at(Instant.ofEpochMilli(time)),
                                Instant.ofEpochMilli(NOON));
                Map<TopicPartition, Long> asked = new HashMap<>();
                all(topic).forEach(partition -> asked.put(partition, Math.max(0, time)));
                Map<TopicPartition, OffsetAndTimestamp> kafkas = oracle.offsetsForTimes(asked);
                Map<Integer, Long> expected = new TreeMap<>();
                all(topic).forEach(partition -> {
                    OffsetAndTimestamp there = kafkas.get(partition);
                    long earliest = starts.getOrDefault(partition, 0L);
                    expected.put(
                            partition.partition(),
                            time < 0 ? earliest : there == null ? ends.getOrDefault(partition, 0L) : there.offset());
                });
                assertThat(new TreeMap<>(found))
                        .as("round " + round + ", at " + time)
                        .isEqualTo(expected);
            }
        }
    }

    private long place(TopicPartition partition) {
        long start = starts.getOrDefault(partition, 0L);
        long end = ends.getOrDefault(partition, 0L);
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> Math.max(0, start - 1);
            case 2 -> start;
            case 3 -> end;
            case 4 -> end + 1;
            case 5 -> Long.MAX_VALUE - random.nextInt(2);
            case 6 -> random.nextLong(0, Long.MAX_VALUE);
            default -> start + random.nextLong(end - start + 1);
        };
    }

    /** Of an offset beyond the end, the lag is negative; of others, it is known once the broker has replied. */
    private static boolean isAtEnd(KafkaConsumer<?, ?> consumer, TopicPartition partition) {
        OptionalLong lag = consumer.currentLag(partition);
        return lag.isPresent() && lag.getAsLong() == 0;
    }

    /** The offsets that Kafka's own consumer refuses. */
    private Set<Integer> refused(Map<TopicPartition, Long> places) {
        TreeSet<Integer> refused = new TreeSet<>();
        try (var oracle = plain()) {
            oracle.assign(places.keySet());
            places.forEach(oracle::seek);
            Awaitility.await("each is refused, or read to its end")
                    .pollInSameThread()
                    .until(() -> {
                        try {
                            oracle.poll(Duration.ofMillis(100));
                        } catch (OffsetOutOfRangeException e) {
                            e.offsetOutOfRangePartitions().keySet().forEach(partition -> {
                                refused.add(partition.partition());
                                oracle.pause(List.of(partition));
                                oracle.seekToBeginning(List.of(partition));
                            });
                        }
                        return places.keySet().stream()
                                .allMatch(partition ->
                                        refused.contains(partition.partition()) || isAtEnd(oracle, partition));
                    });
        }
        return refused;
    }

    private static Map<Integer, String> byPartition(List<String> rows) {
        return rows.stream()
                .map(row -> row.split("\\|"))
                .collect(Collectors.toMap(row -> Integer.parseInt(row[0]), row -> row[1], (a, b) -> b, TreeMap::new));
    }

    @Test
    void aStoredOffsetIsReadFromOrRefusedAsKafkaDoes() throws Exception {
        int rounds = Math.max(1, FuzzSize.orElse(400) / 10 / PARTITIONS);
        String topic = logs();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).untilEnd().handleBatch((records, tx) -> {}))) {
            running.end();
        }
        for (int round = 0; round < rounds; round++) {
            Map<TopicPartition, Long> places = new HashMap<>();
            all(topic).forEach(partition -> places.put(partition, place(partition)));
            places.forEach((partition, offset) -> database.owner()
                    .execute("update tidemark.stored_offset set next_offset = " + offset + " where partition = "
                            + partition.partition()));
            Map<Integer, String> codes = new TreeMap<>();
            Map<Integer, String> offsets = new TreeMap<>();
            places.forEach((partition, offset) -> {
                boolean below = offset < starts.getOrDefault(partition, 0L);
                boolean beyond = offset > ends.getOrDefault(partition, 0L);
                if (below || beyond) {
                    codes.put(partition.partition(), below ? "TM-304" : "TM-305");
                }
                offsets.put(
                        partition.partition(),
                        Long.toString(below || beyond ? offset : ends.getOrDefault(partition, 0L)));
            });
            assertThat(refused(places))
                    .as("Kafka, in round " + round + " at " + places)
                    .isEqualTo(codes.keySet());
            try (Running running = Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topics(topic).untilEnd().handleBatch((records, tx) -> {}))) {
                if (codes.isEmpty()) {
                    running.end();
                } else {
                    assertThat(running.failure()).as(places.toString()).hasMessageContaining("TM-30");
                }
            }
            String what = "round " + round + " at " + places;
            assertThat(byPartition(database.query("select partition, next_offset from tidemark.stored_offset")))
                    .as(what)
                    .isEqualTo(offsets);
            assertThat(byPartition(database.query(
                            "select partition, error_code from tidemark.partition_state where halted_at is not null")))
                    .as(what)
                    .isEqualTo(codes);
        }
    }
}
