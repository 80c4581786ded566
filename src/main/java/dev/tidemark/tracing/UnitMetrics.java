package dev.tidemark.tracing;

import static dev.tidemark.tracing.MessagingAttributes.DESTINATION;
import static dev.tidemark.tracing.MessagingAttributes.ERROR;
import static dev.tidemark.tracing.MessagingAttributes.GROUP;
import static dev.tidemark.tracing.MessagingAttributes.KAFKA;
import static dev.tidemark.tracing.MessagingAttributes.OPERATION;
import static dev.tidemark.tracing.MessagingAttributes.PARTITION;
import static dev.tidemark.tracing.MessagingAttributes.PROCESS;
import static dev.tidemark.tracing.MessagingAttributes.SYSTEM;
import static dev.tidemark.tracing.MessagingAttributes.TRIAL;

import dev.tidemark.TidemarkListener.Outcome;
import dev.tidemark.TidemarkListener.Unit;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The consumer's metrics of OpenTelemetry's semantic conventions for messaging. Thread-safe. */
final class UnitMetrics {
    /** As the conventions advise, in seconds. */
    private static final List<Double> BOUNDARIES =
            List.of(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0);

    private final DoubleHistogram duration;
    private final LongCounter consumed;

    UnitMetrics(Meter meter) {
        this.duration = meter.histogramBuilder("messaging.process.duration")
                .setUnit("s")
                .setDescription("Time from a transaction's first record until after its end")
                .setExplicitBucketBoundariesAdvice(BOUNDARIES)
                .build();
        this.consumed = meter.counterBuilder("messaging.client.consumed.messages")
                .setUnit("{message}")
                .setDescription("Records passed to the handler, again with each retry")
                .build();
    }

    /**
     * A transaction has ended whose handler was called.
     *
     * @param passed the records that the handler was given
     * @param nanos how long it took
     * @param error why it did not commit; null if it did, or was a trial in which the handler succeeded
     */
    void ended(Unit unit, Map<TopicPartition, Long> passed, long nanos, @Nullable String error) {
        boolean trial = unit.outcome() == Outcome.TRIAL;
        Attributes common = common(unit, error);
        AttributesBuilder whole = common.toBuilder();
        List<String> topics = unit.records().keySet().stream()
                .map(TopicPartition::topic)
                .distinct()
                .toList();
        if (topics.size() == 1) {
            whole.put(DESTINATION, topics.get(0));
        }
        if (unit.records().size() == 1) {
            unit.records().keySet().forEach(partition -> whole.put(PARTITION, Integer.toString(partition.partition())));
        }
        if (trial) {
            whole.put(TRIAL, true);
        }
        duration.record(nanos / 1e9, whole.build());
        if (!trial) {
            passed.forEach((partition, count) -> consumed.add(
                    count,
                    common.toBuilder()
                            .put(DESTINATION, partition.topic())
                            .put(PARTITION, Integer.toString(partition.partition()))
                            .build()));
        }
    }

    private static Attributes common(Unit unit, @Nullable String error) {
        AttributesBuilder common =
                Attributes.builder().put(SYSTEM, KAFKA).put(OPERATION, PROCESS).put(GROUP, unit.groupId());
        return (error == null ? common : common.put(ERROR, error)).build();
    }
}
