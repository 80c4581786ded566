package dev.tidemark.metrics;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.ConsumerView;
import dev.tidemark.Health;
import dev.tidemark.PartitionStatus;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The status of a group's consumers, read once for all gauges that are read together: a scrape reads one per partition. */
final class Snapshot {
    private static final long KEPT = Duration.ofSeconds(1).toNanos();

    private final Collection<ConsumerView> consumers;
    private @Nullable Now last;
    private long taken;

    /**
     * @param consumers the live collection of consumers
     */
    Snapshot(Collection<ConsumerView> consumers) {
        this.consumers = consumers;
    }

    /** What the consumers are doing, at most a second old. */
    record Now(List<ConsumerStatus> status, List<Health> health, Map<TopicPartition, PartitionStatus> byPartition) {
        Collection<PartitionStatus> partitions() {
            return byPartition.values();
        }

        Optional<PartitionStatus> partition(TopicPartition partition) {
            return Optional.ofNullable(byPartition.get(partition));
        }

        long queuedRecords() {
            return status.stream().mapToLong(s -> s.queue().records()).sum();
        }

        long queuedBytes() {
            return status.stream().mapToLong(s -> s.queue().bytes()).sum();
        }
    }

    synchronized Now now() {
        long now = System.nanoTime();
        Now known = last;
        if (known == null || now - taken >= KEPT) {
            known = take();
            last = known;
            taken = now;
        }
        return known;
    }

    private Now take() {
        List<ConsumerStatus> status =
                consumers.stream().map(ConsumerView::status).toList();
        Map<TopicPartition, PartitionStatus> byPartition = new HashMap<>();
        status.forEach(s -> s.partitions().forEach(p -> byPartition.put(p.partition(), p)));
        return new Now(status, consumers.stream().map(ConsumerView::health).toList(), byPartition);
    }
}
