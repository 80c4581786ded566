package dev.tidemark.tracing;

import static dev.tidemark.tracing.MessagingAttributes.DESTINATION;
import static dev.tidemark.tracing.MessagingAttributes.PARTITION;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** The consumer's metrics of OpenTelemetry's semantic conventions for messaging. Thread-safe. */
final class UnitMetrics {
    /** As the conventions advise, in seconds. */
    private static final List<Double> BOUNDARIES =
            List.of(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0);

    private final DoubleHistogram duration;
    private final LongCounter records;

    UnitMetrics(Meter meter) {
        this.duration = meter.histogramBuilder("messaging.process.duration")
                .setUnit("s")
                .setDescription("Time from a transaction's first record until after its end")
                .setExplicitBucketBoundariesAdvice(BOUNDARIES)
                .build();
        this.records = meter.counterBuilder("messaging.client.consumed.messages")
                .setUnit("{message}")
                .setDescription("Records passed to the handler, again with each retry")
                .build();
    }

    /**
     * A transaction has ended whose handler was called.
     *
     * @param attributes what it was, and why it did not commit if it did not
     * @param consumed how many records of each partition count as consumed
     * @param nanos how long it took
     */
    void ended(Attributes attributes, Map<TopicPartition, Long> consumed, long nanos) {
        duration.record(nanos / 1e9, attributes);
        consumed.forEach((partition, count) -> records.add(
                count,
                attributes.toBuilder()
                        .put(DESTINATION, partition.topic())
                        .put(PARTITION, Integer.toString(partition.partition()))
                        .build()));
    }
}
