package dev.tidemark.internal.run;

import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits stored positions to Kafka as well, afterwards and without a guarantee, so that Kafka's own tools show the group. They are
 * never read back. Any thread may add positions; the rest is for the poll thread.
 */
final class Mirror {
    private static final Logger LOG = LoggerFactory.getLogger(Mirror.class);
    private static final long EVERY = Duration.ofSeconds(1).toNanos();

    private final Consumer<byte[], byte[]> consumer;
    private final boolean enabled;
    private final Map<TopicPartition, Claim> due = new ConcurrentHashMap<>();
    private long last = Host.nanoTime() - EVERY;

    Mirror(Consumer<byte[], byte[]> consumer, boolean enabled) {
        this.consumer = consumer;
        this.enabled = enabled;
    }

    /** These positions are in the database now. */
    void note(Collection<Claim> claims) {
        if (enabled) {
            claims.forEach(claim -> due.merge(claim.partition(), claim, Mirror::later));
        }
    }

    /** Two units may report out of order; under one claim, positions only grow. */
    private static Claim later(Claim before, Claim now) {
        boolean overtaken = before.token().equals(now.token())
                && before.position().nextOffset() > now.position().nextOffset();
        return overtaken ? before : now;
    }

    /** These partitions now belong to another member. */
    void forget(Collection<TopicPartition> partitions) {
        due.keySet().removeAll(partitions);
    }

    /** Commits what is due of the assigned partitions, at most once a second. */
    void tick(long now, Set<TopicPartition> assigned) {
        if (enabled && now - last >= EVERY) {
            last = now;
            due.keySet().retainAll(assigned);
            commit(due.keySet());
        }
    }

    /** Commits what is due of these partitions, now. */
    void commit(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (TopicPartition partition : partitions) {
            Claim claim = due.remove(partition);
            if (claim != null) {
                offsets.put(partition, committed(claim.position()));
            }
        }
        if (!offsets.isEmpty()) {
            try {
                // Never without a map: the consumer's own position may be a placeholder.
                consumer.commitAsync(offsets, (done, failed) -> {
                    if (failed != null) {
                        LOG.debug(
                                "Kafka did not accept a mirrored position cause={}",
                                failed.getClass().getSimpleName());
                    }
                });
            } catch (RuntimeException e) {
                LOG.debug(
                        "Kafka did not accept a mirrored position cause={}",
                        e.getClass().getSimpleName());
            }
        }
    }

    private static OffsetAndMetadata committed(Position position) {
        OptionalInt epoch = position.leaderEpoch();
        return new OffsetAndMetadata(
                position.nextOffset(), epoch.isPresent() ? Optional.of(epoch.getAsInt()) : Optional.empty(), "");
    }
}
