package dev.tidemark.internal.queue;

import dev.tidemark.bench.kit.Sample;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/** What one partition brings with a poll. */
public record Polled(Claim claim, List<ConsumerRecord<byte[], byte[]>> records) {
    /** As many as a unit holds at most, by default. */
    public static final int RECORDS = 5_000;

    /** A poll's records, shared out among so many partitions. */
    public static List<Polled> fromEach(int partitions) {
        Sample sample = Sample.load();
        List<Polled> all = new ArrayList<>();
        int number = 0;
        for (int partition = 0; partition < partitions; partition++) {
            int end = (int) ((partition + 1L) * RECORDS / partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (number < end) {
                records.add(record(partition, records.size(), sample.value(number)));
                number++;
            }
            Claim claim = new Claim(new TopicPartition("flights", partition), UUID.randomUUID(), 1, Position.of(0));
            all.add(new Polled(claim, records));
        }
        return all;
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, byte[] value) {
        byte[] key = Long.toString(offset % 1_000).getBytes(StandardCharsets.US_ASCII);
        return new ConsumerRecord<>(
                "flights",
                partition,
                offset,
                1_700_000_000_000L,
                TimestampType.CREATE_TIME,
                key.length,
                value.length,
                key,
                value,
                new RecordHeaders(),
                Optional.of(1),
                Optional.empty());
    }
}
