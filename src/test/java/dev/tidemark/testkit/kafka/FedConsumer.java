package dev.tidemark.testkit.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Kafka's {@link MockConsumer}, fed from logs in memory: a poll returns what lies at its positions, or waits as a real one does, and
 * a test says on which poll partitions come and go, or what the poll throws.
 */
public final class FedConsumer extends MockConsumer<byte[], byte[]> {
    private static final int MOST = 10;

    private final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> logs = new HashMap<>();
    private final List<String> seeks = new CopyOnWriteArrayList<>();
    private final Object news = new Object();
    private boolean told;

    public FedConsumer() {
        super("none");
    }

    /** Appends a record to the log. */
    public void append(TopicPartition partition, byte[] key, byte[] value) {
        synchronized (logs) {
            List<ConsumerRecord<byte[], byte[]>> log = logs.computeIfAbsent(partition, p -> new ArrayList<>());
            log.add(new ConsumerRecord<>(partition.topic(), partition.partition(), log.size(), key, value));
        }
        tell();
    }

    /** On its next poll, the assignment is this. */
    public void assignOnPoll(Collection<TopicPartition> partitions) {
        schedulePollTask(() -> rebalance(partitions));
        tell();
    }

    /** On its next poll, those of the partitions that it has then are lost, as after a session that ran out. */
    public void loseOnPoll(Collection<TopicPartition> partitions) {
        schedulePollTask(() -> losePartitions(
                partitions.stream().filter(assignment()::contains).toList()));
        tell();
    }

    /** Its next poll throws. */
    public void throwOnPoll(KafkaException failure) {
        setPollException(failure);
        tell();
    }

    /** All seeks so far, as {@code topic-partition@offset}. */
    public List<String> seeks() {
        return seeks;
    }

    private void tell() {
        synchronized (news) {
            told = true;
            news.notifyAll();
        }
    }

    @Override
    public void seek(TopicPartition partition, OffsetAndMetadata place) {
        seeks.add(partition + "@" + place.offset());
        super.seek(partition, place);
        tell();
    }

    @Override
    public synchronized void resume(Collection<TopicPartition> partitions) {
        super.resume(partitions);
        tell();
    }

    @Override
    public synchronized void wakeup() {
        super.wakeup();
        tell();
    }

    /** Not under the monitor of the mock while it waits: others must be able to wake it. */
    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized")
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        while (true) {
            feed();
            ConsumerRecords<byte[], byte[]> records = super.poll(Duration.ZERO);
            if (!records.isEmpty() || !awaitNews(end)) {
                return records;
            }
        }
    }

    private boolean awaitNews(long end) {
        synchronized (news) {
            try {
                while (!told) {
                    long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                    if (left <= 0) {
                        return false;
                    }
                    news.wait(left);
                }
                told = false;
                return true;
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }
    }

    private synchronized void feed() {
        for (TopicPartition partition : assignment()) {
            if (paused().contains(partition) || !seeksOf(partition)) {
                continue;
            }
            long position = position(partition);
            synchronized (logs) {
                logs.getOrDefault(partition, List.of()).stream()
                        .skip(position)
                        .limit(MOST)
                        .forEach(this::addRecord);
            }
        }
    }

    /** Before the first seek it has no position. */
    private boolean seeksOf(TopicPartition partition) {
        return seeks.stream().anyMatch(seek -> seek.startsWith(partition + "@"));
    }
}
