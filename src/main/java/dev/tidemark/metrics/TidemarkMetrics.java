package dev.tidemark.metrics;

import dev.tidemark.ConsumerView;
import dev.tidemark.TidemarkListener;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/**
 * Measures consumers with Micrometer: {@code builder.addListener(TidemarkMetrics.to(registry))}. Needs {@code
 * io.micrometer:micrometer-core}, an optional dependency. The meters, all named {@code tidemark.*}, are listed in
 * {@code docs/observe.md}; those of Kafka's own client are bound too, as {@code kafka.*}.
 *
 * <p>A group's meters exist from the start of its first consumer in this process until the end of its last one. Consumers of
 * one group that share a registry must share this object too. Thread-safe.
 */
public final class TidemarkMetrics implements TidemarkListener {
    private final MeterRegistry registry;
    private final Map<String, GroupMeters> groups = new ConcurrentHashMap<>();

    private TidemarkMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /** Measures into this registry, which the caller closes. */
    public static TidemarkMetrics to(MeterRegistry registry) {
        return new TidemarkMetrics(registry);
    }

    @Override
    public void started(ConsumerView consumer, Supplier<Map<MetricName, ? extends Metric>> kafkaMetrics) {
        groups.compute(group(consumer), (group, meters) -> {
            GroupMeters present = meters == null ? new GroupMeters(registry, group) : meters;
            present.add(consumer, KafkaMeters.bind(registry, kafkaMetrics));
            return present;
        });
    }

    @Override
    public void stopped(ConsumerView consumer) {
        groups.computeIfPresent(group(consumer), (group, meters) -> meters.remove(consumer) ? meters : null);
    }

    private static String group(ConsumerView consumer) {
        return consumer.groupId();
    }

    /** Events after the end are not counted: the meters are removed. */
    private void count(String group, Consumer<GroupMeters> news) {
        GroupMeters meters = groups.get(group);
        if (meters != null) {
            news.accept(meters);
        }
    }

    @Override
    public void unitEnded(Unit unit) {
        count(unit.groupId(), meters -> meters.ended(unit));
    }

    @Override
    public void retrying(Retry retry) {
        count(retry.groupId(), meters -> meters.retries(retry.cause()));
    }

    @Override
    public void parked(RecordsGivenUp records) {
        count(records.groupId(), meters -> meters.parked(records));
    }

    @Override
    public void skipped(RecordsGivenUp records) {
        count(records.groupId(), meters -> meters.skipped(records));
    }

    @Override
    public void claimLost(ClaimLost lost) {
        count(lost.groupId(), meters -> meters.fenced(lost.code()));
    }

    @Override
    public void claimed(Claimed claimed) {
        count(claimed.groupId(), meters -> meters.claimed(claimed.waited().values()));
    }

    @Override
    public void rebalanced(Rebalance rebalance) {
        count(rebalance.groupId(), meters -> meters.rebalanced(rebalance));
    }
}
