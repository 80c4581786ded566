package dev.tidemark.proof.read;

import dev.tidemark.proof.check.LogTruth;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a topic from its start to its end, committed records only, outside any group. Used by one thread. */
public final class LogReader implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long SILENCE_NANOS = Duration.ofMinutes(2).toNanos();

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final String topic;
    private final RecordParser parser;

    /**
     * Opens a reader.
     *
     * @param kafka what a client needs to connect
     */
    public LogReader(Map<String, Object> kafka, String topic, RecordParser parser) {
        Map<String, Object> config = new HashMap<>(kafka);
        config.remove(ConsumerConfig.GROUP_ID_CONFIG);
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        config.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, "2000");
        this.consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.topic = topic;
        this.parser = parser;
    }

    private List<TopicPartition> partitions() {
        return consumer.partitionsFor(topic).stream()
                .map(PartitionInfo::partition)
                .sorted()
                .map(partition -> new TopicPartition(topic, partition))
                .toList();
    }

    /** The end of each partition: behind the last record whose transaction has ended. */
    public Map<Integer, Long> ends() {
        return numbered(consumer.endOffsets(partitions()));
    }

    /** The first offset that each partition still holds. */
    public Map<Integer, Long> starts() {
        return numbered(consumer.beginningOffsets(partitions()));
    }

    private static Map<Integer, Long> numbered(Map<TopicPartition, Long> offsets) {
        Map<Integer, Long> numbered = new HashMap<>();
        offsets.forEach((partition, offset) -> numbered.put(partition.partition(), offset));
        return numbered;
    }

    /**
     * Adds what lies between these offsets and the ends, and notes from where the log is known where it is read from its start.
     *
     * @param from the offset of each partition to read from; a partition without one is read from its start
     * @return the ends that were read to
     * @throws IllegalStateException if Kafka sends nothing for two minutes
     */
    public Map<Integer, Long> readInto(LogTruth truth, int incarnation, Map<Integer, Long> from) {
        List<TopicPartition> partitions = partitions();
        Map<Integer, Long> starts = numbered(consumer.beginningOffsets(partitions));
        Map<Integer, Long> ends = numbered(consumer.endOffsets(partitions));
        consumer.assign(partitions);
        for (TopicPartition partition : partitions) {
            long start = starts.getOrDefault(partition.partition(), 0L);
            Long wanted = from.get(partition.partition());
            if (wanted == null) {
                truth.startsAt(incarnation, partition.partition(), start);
            }
            consumer.seek(partition, wanted == null ? start : Math.max(wanted, start));
        }
        long heard = System.nanoTime();
        while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p.partition(), 0L))) {
            var records = consumer.poll(POLL);
            for (ConsumerRecord<byte[], byte[]> record : records) {
                truth.add(incarnation, record.partition(), parser.entry(record));
            }
            if (!records.isEmpty()) {
                heard = System.nanoTime();
            } else if (System.nanoTime() - heard > SILENCE_NANOS) {
                throw new IllegalStateException("Kafka sends nothing before the end of " + topic);
            }
        }
        return ends;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
