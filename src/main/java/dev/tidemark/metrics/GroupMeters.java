package dev.tidemark.metrics;

import dev.tidemark.ConsumerView;
import dev.tidemark.Health;
import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.TidemarkListener.Outcome;
import dev.tidemark.TidemarkListener.Rebalance;
import dev.tidemark.TidemarkListener.RecordsGivenUp;
import dev.tidemark.TidemarkListener.RetryCause;
import dev.tidemark.TidemarkListener.Unit;
import dev.tidemark.UnitTimes;
import dev.tidemark.errors.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.common.TopicPartition;

/** All meters of one group in this process. Thread-safe. */
final class GroupMeters {
    private static final List<ErrorCode> FENCES =
            List.of(ErrorCode.FENCED, ErrorCode.OFFSET_MOVED, ErrorCode.OFFSET_RESTORED);

    private final MeterRegistry registry;
    private final Tags group;
    private final Set<Meter.Id> registered = ConcurrentHashMap.newKeySet();
    private final Map<ConsumerView, KafkaClientMetrics> consumers = new ConcurrentHashMap<>();
    private final Snapshot snapshot = new Snapshot(consumers.keySet());

    private final Map<Outcome, Counter> units = new EnumMap<>(Outcome.class);
    private final Map<RetryCause, Counter> retries = new EnumMap<>(RetryCause.class);
    private final Map<ErrorCode, Counter> fences = new EnumMap<>(ErrorCode.class);
    private final Map<Rebalance.Kind, Counter> rebalances = new EnumMap<>(Rebalance.Kind.class);
    private final Map<String, Counter> records = new ConcurrentHashMap<>();
    private final Map<String, Counter> parked = new ConcurrentHashMap<>();
    private final Map<String, Counter> skipped = new ConcurrentHashMap<>();
    private final Map<TopicPartition, Gauge> lags = new ConcurrentHashMap<>();
    private final DistributionSummary unitSize;
    private final Timer decode;
    private final Timer begin;
    private final Timer handle;
    private final Timer advance;
    private final Timer commit;
    private final Timer claimWait;

    GroupMeters(MeterRegistry registry, String groupId) {
        this.registry = registry;
        this.group = Tags.of("group", groupId);
        for (Outcome outcome : Outcome.values()) {
            units.put(outcome, counter("tidemark.units", "Transactions", "outcome", name(outcome)));
        }
        for (RetryCause cause : RetryCause.values()) {
            retries.put(cause, counter("tidemark.retries", "How often records were retried", "cause", name(cause)));
        }
        for (ErrorCode code : FENCES) {
            fences.put(code, counter("tidemark.fences", "Claims lost", "code", code.code()));
        }
        for (Rebalance.Kind kind : Rebalance.Kind.values()) {
            rebalances.put(kind, counter("tidemark.rebalances", "Changes of the assignment", "kind", name(kind)));
        }
        this.unitSize = noted(DistributionSummary.builder("tidemark.unit.size")
                .description("Records in a transaction that committed")
                .baseUnit("records")
                .tags(group)
                .register(registry));
        this.decode = phase("decode");
        this.begin = phase("begin");
        this.handle = phase("handle");
        this.advance = phase("advance");
        this.commit = phase("commit");
        this.claimWait = noted(Timer.builder("tidemark.claim.wait")
                .description("Time from a partition's assignment, or the loss of its claim, to its claim")
                .tags(group)
                .register(registry));
        for (PartitionState state : PartitionState.values()) {
            gauge(
                    "tidemark.partitions",
                    "Assigned partitions",
                    Tags.of("state", name(state)),
                    now -> now.partitions().stream()
                            .filter(partition -> partition.state() == state)
                            .count());
        }
        gauge("tidemark.queue.records", "Records that wait for a worker", Tags.empty(), Snapshot.Now::queuedRecords);
        gauge("tidemark.queue.bytes", "Bytes that wait for a worker", Tags.empty(), Snapshot.Now::queuedBytes);
        gauge("tidemark.live", "1 unless a restart would help", Tags.empty(), all(Health::live));
        gauge(
                "tidemark.ready",
                "1 if everything assigned is claimed and makes progress",
                Tags.empty(),
                all(Health::ready));
    }

    private static ToDoubleFunction<Snapshot.Now> all(Predicate<Health> holds) {
        return now -> now.health().stream().allMatch(holds) ? 1 : 0;
    }

    private Timer phase(String name) {
        return noted(Timer.builder("tidemark.unit.time")
                .description("How long the phases of transactions take")
                .tags(group.and("phase", name))
                .register(registry));
    }

    private Counter counter(String name, String description, String... tags) {
        return noted(Counter.builder(name)
                .description(description)
                .tags(group.and(tags))
                .register(registry));
    }

    private Gauge gauge(String name, String description, Tags tags, ToDoubleFunction<Snapshot.Now> value) {
        return noted(Gauge.builder(name, snapshot, s -> value.applyAsDouble(s.now()))
                .description(description)
                .tags(group.and(tags))
                .register(registry));
    }

    private <M extends Meter> M noted(M meter) {
        registered.add(meter.getId());
        return meter;
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    void add(ConsumerView consumer, KafkaClientMetrics kafka) {
        consumers.put(consumer, kafka);
    }

    /** Returns whether another consumer of the group still runs; if not, all meters are removed. */
    boolean remove(ConsumerView consumer) {
        KafkaClientMetrics kafka = consumers.remove(consumer);
        if (kafka != null) {
            kafka.close();
        }
        if (!consumers.isEmpty()) {
            return true;
        }
        registered.forEach(registry::remove);
        registered.clear();
        return false;
    }

    void ended(Unit unit) {
        counted(units, unit.outcome(), 1);
        if (unit.outcome() == Outcome.COMMITTED) {
            unit.records().forEach((partition, count) -> {
                if (count > 0) {
                    ofTopic(records, "tidemark.records", "Records that took effect", partition)
                            .increment(count);
                }
            });
            if (unit.size() > 0) {
                unitSize.record(unit.size());
            }
        }
        UnitTimes times = unit.times();
        spent(decode, times.decode());
        spent(begin, times.begin());
        spent(handle, times.handle());
        spent(advance, times.advance());
        spent(commit, times.commit());
    }

    /** A phase that a transaction did not reach would only lower the average. */
    private static void spent(Timer timer, Duration time) {
        if (!time.isZero()) {
            timer.record(time);
        }
    }

    private static <E extends Enum<E>> void counted(Map<E, Counter> counters, E which, int count) {
        Counter counter = counters.get(which);
        if (counter != null) {
            counter.increment(count);
        }
    }

    private Counter ofTopic(Map<String, Counter> known, String name, String description, TopicPartition partition) {
        return known.computeIfAbsent(partition.topic(), topic -> counter(name, description, "topic", topic));
    }

    void retries(RetryCause cause) {
        counted(retries, cause, 1);
    }

    void parked(RecordsGivenUp given) {
        ofTopic(parked, "tidemark.parked", "Records moved to the dead letters", given.partition())
                .increment(given.records());
    }

    void skipped(RecordsGivenUp given) {
        ofTopic(skipped, "tidemark.skipped", "Records skipped", given.partition())
                .increment(given.records());
    }

    void fenced(ErrorCode code) {
        counted(fences, code, 1);
    }

    void claimed(Collection<Duration> waited) {
        waited.forEach(claimWait::record);
    }

    void rebalanced(Rebalance rebalance) {
        counted(rebalances, rebalance.kind(), 1);
        if (rebalance.kind() == Rebalance.Kind.ASSIGNED) {
            rebalance.partitions().forEach(partition -> lags.computeIfAbsent(partition, this::lag));
        } else {
            // Another consumer of this process may already have registered them.
            Set<TopicPartition> left = new HashSet<>(rebalance.partitions());
            consumers
                    .keySet()
                    .forEach(consumer -> consumer.status().partitions().forEach(p -> left.remove(p.partition())));
            left.forEach(this::forget);
        }
    }

    private Gauge lag(TopicPartition partition) {
        return gauge(
                "tidemark.lag",
                "Offsets between the stored offset and the end of the log",
                Tags.of("topic", partition.topic(), "partition", Integer.toString(partition.partition())),
                now -> now.partition(partition)
                        .map(PartitionStatus::lag)
                        .filter(lag -> lag.isPresent())
                        .map(lag -> (double) lag.getAsLong())
                        .orElse(Double.NaN));
    }

    private void forget(TopicPartition partition) {
        Gauge gauge = lags.remove(partition);
        if (gauge != null) {
            registered.remove(gauge.getId());
            registry.remove(gauge);
        }
    }
}
