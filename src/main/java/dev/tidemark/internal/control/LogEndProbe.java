package dev.tidemark.internal.control;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.store.table.LogEndTable;
import dev.tidemark.internal.store.table.LogEndTable.Bounds;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** Samples the bounds of the logs, and compares them with what is idle. Used by the control thread. */
final class LogEndProbe {
    private final ControlContext context;
    private final LogEndTable logEnds;
    private final Standstill standstill;

    /** What was stored last, at {@link #storedAt}. */
    private Map<TopicPartition, Bounds> stored = Map.of();

    private long storedAt;

    LogEndProbe(ControlContext context) {
        this.context = context;
        this.logEnds = new LogEndTable(context.options().schema(), context.groupId());
        this.standstill = new Standstill(context.groupId(), context.options().fetchMaxWait());
    }

    /** Samples the ends of the logs of what is held, for the status and for lag in SQL. */
    void sampleLogEnds() throws SQLException, KafkaUnavailableException {
        Set<TopicPartition> partitions = context.held().get().keySet();
        if (partitions.isEmpty()) {
            standstill.forget();
            return;
        }
        Map<TopicPartition, Claim> idle = context.idle().get();
        Map<TopicPartition, Long> starts = context.lookup().offsets().logStarts(partitions);
        Map<TopicPartition, Long> readable = context.lookup().offsets().logEnds(partitions);
        compare(idle, readable);
        Map<TopicPartition, Bounds> bounds = new HashMap<>();
        readable.forEach(
                (partition, end) -> bounds.put(partition, new Bounds(starts.getOrDefault(partition, 0L), end)));
        context.events().logEnds(readable);
        long now = Host.nanoTime();
        if (bounds.equals(stored) && now - storedAt < LogEndTable.AGAIN.toNanos()) {
            return;
        }
        context.inStore(c -> {
            logEnds.sample(c, bounds);
            return bounds.size();
        });
        stored = Map.copyOf(bounds);
        storedAt = now;
    }

    /** Only what is idle can stand still, and of that only what has not moved since the last sample. */
    private void compare(Map<TopicPartition, Claim> idle, Map<TopicPartition, Long> readable)
            throws KafkaUnavailableException {
        Map<TopicPartition, Long> ends =
                idle.isEmpty() ? Map.of() : context.lookup().offsets().highWatermarks(idle.keySet());
        standstill.sampled(idle, readable, ends, Host.nanoTime());
        Map<TopicPartition, Claim> unmoved = standstill.unmoved();
        if (!unmoved.isEmpty()) {
            context.events().unmoved(unmoved);
        }
    }

    /** The partitions that have not moved for long, although there is more to read, with the reason. */
    Map<TopicPartition, TidemarkException> found() {
        return standstill.found(Host.nanoTime());
    }
}
