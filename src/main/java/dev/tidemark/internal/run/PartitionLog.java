package dev.tidemark.internal.run;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.log.LogContext;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** The log line of an error that a partition has. */
final class PartitionLog {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionLog.class);

    private PartitionLog() {}

    static void log(String groupId, Level level, String what, TopicPartition partition, TidemarkException why) {
        try (MDC.MDCCloseable unused = LogContext.about(partition)) {
            LOG.atLevel(level)
                    .log(
                            "{} group={} partition={} code={} error=\"{}\"",
                            what,
                            groupId,
                            partition,
                            why.code(),
                            LogContext.quotable(why, Problems.of(why).toString()));
        }
    }
}
