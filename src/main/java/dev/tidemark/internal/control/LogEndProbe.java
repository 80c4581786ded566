package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.store.table.LogEndTable;
import dev.tidemark.internal.store.table.LogEndTable.Bounds;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** Samples the bounds of the logs. Used by the control thread. */
final class LogEndProbe {
    private final ControlContext context;
    private final LogEndTable logEnds;

    LogEndProbe(ControlContext context) {
        this.context = context;
        this.logEnds = new LogEndTable(context.options().schema(), context.groupId());
    }

    /** Samples the ends of the logs, for the status and for lag in SQL. */
    void sampleLogEnds(Set<TopicPartition> partitions) throws SQLException, KafkaUnavailableException {
        Map<TopicPartition, Long> starts = context.lookup().offsets().logStarts(partitions);
        Map<TopicPartition, Long> ends = context.lookup().offsets().logEnds(partitions);
        Map<TopicPartition, Bounds> bounds = new HashMap<>();
        ends.forEach((partition, end) -> bounds.put(partition, new Bounds(starts.getOrDefault(partition, 0L), end)));
        context.events().logEnds(ends);
        context.inStore(c -> {
            logEnds.sample(c, bounds);
            return bounds.size();
        });
    }
}
