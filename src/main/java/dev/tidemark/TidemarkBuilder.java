package dev.tidemark;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.run.ConsumerEngine;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.unit.UnitHandler;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link TidemarkConsumer}. Does not connect to anything; contradictions are refused with {@link
 * InvalidConfigurationException} by {@link #handle} or {@link #handleBatch}, which ends the building. Not thread-safe.
 *
 * @param <K> the key that the handler gets
 * @param <V> the value that the handler gets
 */
public final class TidemarkBuilder<K, V> {
    private final Map<String, ?> kafkaSettings;
    private final ConsumerSettings settings;
    private final @Nullable Supplier<? extends Deserializer<K>> keys;
    private final @Nullable Supplier<? extends Deserializer<V>> values;

    private TidemarkBuilder(
            Map<String, ?> kafkaSettings,
            ConsumerSettings settings,
            @Nullable Supplier<? extends Deserializer<K>> keys,
            @Nullable Supplier<? extends Deserializer<V>> values) {
        this.kafkaSettings = kafkaSettings;
        this.settings = settings;
        this.keys = keys;
        this.values = values;
    }

    static <K, V> TidemarkBuilder<K, V> from(Map<String, ?> kafkaSettings) {
        return new TidemarkBuilder<>(
                Collections.unmodifiableMap(new HashMap<>(requireGiven("consumer", kafkaSettings))),
                new ConsumerSettings(),
                null,
                null);
    }

    /**
     * The topics to read; each has its own stored offsets. One of this, {@link #topicPattern} and {@link #partitions} is required;
     * the last call counts. Waits for a topic that does not exist, which the status reports (TM-307).
     */
    public TidemarkBuilder<K, V> topics(String... names) {
        return topics(Arrays.asList(requireGiven("topics", names)));
    }

    /** As {@link #topics(String...)}. */
    public TidemarkBuilder<K, V> topics(Collection<String> names) {
        settings.subscription = new Subscription.Topics(Subscription.all("topics", names));
        return this;
    }

    /**
     * All topics whose whole name matches, except Kafka's internal ones. Those that match when the group starts for the first time begin
     * at the start position; a topic that matches later is read from its first record. Kafka's client notices it within
     * {@code metadata.max.age.ms}.
     */
    public TidemarkBuilder<K, V> topicPattern(Pattern names) {
        settings.subscription = new Subscription.Matching(requireGiven("topicPattern", names));
        return this;
    }

    /**
     * Exactly these partitions: the group does not distribute them, and no other member takes over when this process dies. The stored
     * offsets are still those of {@code group.id}, and fencing works: the process that starts last owns a partition, and the previous
     * one halts it (TM-401) instead of claiming it back.
     */
    public TidemarkBuilder<K, V> partitions(TopicPartition... assigned) {
        return partitions(Arrays.asList(requireGiven("partitions", assigned)));
    }

    /** As {@link #partitions(TopicPartition...)}. */
    public TidemarkBuilder<K, V> partitions(Collection<TopicPartition> assigned) {
        settings.subscription = new Subscription.Manual(Subscription.all("partitions", assigned));
        return this;
    }

    /**
     * How bytes become keys and values. Each thread that decodes creates its own pair, as deserializers need not be thread-safe; one
     * that has failed, unless that was transient, is replaced. {@code configure} is not called; {@code close} is, when the thread ends,
     * also of the last 64 that were replaced. A null key or value is not passed to them. Without this call {@code key.deserializer} and {@code value.deserializer} of the Kafka settings
     * apply. Returns a new builder with the current settings; this one keeps its own.
     */
    public <K2, V2> TidemarkBuilder<K2, V2> deserializers(
            Supplier<? extends Deserializer<K2>> key, Supplier<? extends Deserializer<V2>> value) {
        return new TidemarkBuilder<>(
                kafkaSettings,
                new ConsumerSettings(settings),
                requireGiven("deserializers", key),
                requireGiven("deserializers", value));
    }

    /**
     * Where effects and offsets go. Required; the caller closes it. A pool must hold a connection for each worker and
     * one more (TM-102), because a full pool must not block a claim; for each consumer, if several share it. It works through PgBouncer in transaction mode.
     */
    public TidemarkBuilder<K, V> database(DataSource target) {
        settings.dataSource = requireGiven("database", target);
        return this;
    }

    /** The schema of the offset store: a plain lower-case identifier. Default {@code tidemark}. */
    public TidemarkBuilder<K, V> schema(String name) {
        settings.schema = requireGiven("schema", name);
        return this;
    }

    /** Where a group without stored offsets starts. Default {@link StartPosition#earliest()}. */
    public TidemarkBuilder<K, V> startAt(StartPosition position) {
        settings.start = requireGiven("startAt", position);
        return this;
    }

    /** What to do when records were deleted before they were read. Default {@link GapPolicy#halt()}. */
    public TidemarkBuilder<K, V> onGap(GapPolicy policy) {
        settings.gaps = requireGiven("onGap", policy);
        return this;
    }

    /** What happens to a record that cannot be decoded or handled. Default {@link FailurePolicy#halt()}. */
    public TidemarkBuilder<K, V> onFailure(FailurePolicy policy) {
        settings.failures = requireGiven("onFailure", policy);
        return this;
    }

    /**
     * Ends the run once everything is read that the logs held when it started, including transaction markers and what was behind open
     * transactions, whose end it waits for. The stored offsets decide, whoever moved them: with several processes each waits for all,
     * and finishes what another left. Records that arrive in the meantime may take effect too.
     */
    public TidemarkBuilder<K, V> untilEnd() {
        settings.untilEnd = true;
        return this;
    }

    /**
     * Commits positions to Kafka as well, after the database did and about once a second, so that {@code kafka-consumer-groups} and
     * lag monitors see the group. Best effort, and never read back. Needs the right to READ the group.
     */
    public TidemarkBuilder<K, V> mirrorToKafka() {
        settings.mirror = true;
        return this;
    }

    /**
     * Asks Kafka before each commit whether the topics are still those that were claimed, so that nothing of a topic that was
     * deleted and created again ever takes effect. Costs one round trip to a broker per unit; without it such a topic is refused
     * within 10 s.
     */
    public TidemarkBuilder<K, V> strictTopicIdentity() {
        settings.strictIdentity = true;
        return this;
    }

    /**
     * The offset store that the database must hold, as {@code select store_id from tidemark.store_info} shows it; any other is
     * refused with TM-206. Without this, the first store of a run is the only one accepted for the rest of it.
     */
    public TidemarkBuilder<K, V> storeId(UUID id) {
        settings.storeId = requireGiven("storeId", id);
        return this;
    }

    /** The bounds of a transaction. Default {@link UnitLimits#defaults()}. */
    public TidemarkBuilder<K, V> limits(UnitLimits bounds) {
        settings.limits = requireGiven("limits", bounds);
        return this;
    }

    /** How many units may be open at once, each on its own thread and connection. Default 1. */
    public TidemarkBuilder<K, V> workers(int count) {
        settings.workers = count;
        return this;
    }

    /**
     * How many bytes of records may wait in this process before partitions are paused: keys, values, headers and object overhead,
     * before decoding; decoded objects are not counted. In addition Kafka's client buffers
     * what it has fetched, up to {@code fetch.max.bytes} per broker. Default 64 MiB.
     */
    public TidemarkBuilder<K, V> bufferBytes(long bytes) {
        settings.bufferBytes = bytes;
        return this;
    }

    /**
     * How long an open transaction may wait for its process before the server ends it, so that a suspended process releases its
     * locks; in other words, the longest pause between two statements of a handler. Default {@code session.timeout.ms}, or 45 s,
     * which is also the brokers' default under {@code group.protocol=consumer}. A warning is logged if the unit's deadline is
     * shorter: a successor's handlers may then be cancelled while they wait for those locks.
     */
    public TidemarkBuilder<K, V> transactionIdleTimeout(Duration timeout) {
        settings.transactionIdleTimeout = requireGiven("transactionIdleTimeout", timeout);
        return this;
    }

    /**
     * How long the database may be silent on a connection before its socket is closed and another connection is used: a firewall, or a
     * host that disappears, can end connections without notice. It counts from when a reply is overdue: for a unit after its deadline,
     * when cancelling its statement had no effect; for the control thread after the 5 s that it waits for locks; for a new connection
     * from the start. A shorter network timeout of the connection itself, such as {@code socketTimeout} in the URL, stays in force. A
     * COMMIT without a reply is cut off too: the next claim finds out whether it took effect. Default 10 s; at least 1 ms.
     */
    public TidemarkBuilder<K, V> networkTimeout(Duration timeout) {
        settings.networkTimeout = requireGiven("networkTimeout", timeout);
        return this;
    }

    /**
     * How long {@link TidemarkConsumer#close} waits for the run to end. Default 20 s: below the 30 s that Kubernetes gives a pod. At
     * least {@link #drainTimeout} (TM-102); what is left beyond that is for leaving the group and giving the claims back.
     */
    public TidemarkBuilder<K, V> closeTimeout(Duration timeout) {
        settings.closeTimeout = requireGiven("closeTimeout", timeout);
        return this;
    }

    /**
     * How long a revoked partition, or a stop, waits for the open unit to commit; after that the unit is left to be fenced. Under the
     * eager and cooperative protocols the whole group waits in the meantime. Default 10 s, or {@link #closeTimeout} if that is shorter;
     * must stay below {@code max.poll.interval.ms} (TM-102).
     */
    public TidemarkBuilder<K, V> drainTimeout(Duration timeout) {
        settings.drainTimeout = requireGiven("drainTimeout", timeout);
        return this;
    }

    /** A listener for what the consumer does, such as {@code TidemarkMetrics.to(registry)}. Each call adds one. */
    public TidemarkBuilder<K, V> addListener(TidemarkListener listener) {
        settings.listeners.add(requireGiven("addListener", listener));
        return this;
    }

    /**
     * Code that runs around transactions and handler calls, such as {@code TidemarkTracing.with(openTelemetry)}. Each call adds one,
     * inside the earlier ones.
     */
    public TidemarkBuilder<K, V> addInterceptor(UnitInterceptor interceptor) {
        settings.interceptors.add(requireGiven("addInterceptor", interceptor));
        return this;
    }

    /** Creates the Kafka clients. Default {@code KafkaConsumer} and {@code Admin}. */
    public TidemarkBuilder<K, V> kafkaClients(KafkaClients clients) {
        settings.clients = requireGiven("kafkaClients", clients);
        return this;
    }

    /** Builds a consumer whose handler gets one record at a time. */
    public TidemarkConsumer handle(RecordHandler<K, V> handler) {
        KafkaSettings kafka = KafkaSettings.of(kafkaSettings);
        return build(
                kafka,
                UnitHandler.of(requireGiven("handle", handler), kafka.groupId(), List.copyOf(settings.interceptors)));
    }

    /** Builds a consumer whose handler gets all records of a unit at once. */
    public TidemarkConsumer handleBatch(BatchHandler<K, V> handler) {
        KafkaSettings kafka = KafkaSettings.of(kafkaSettings);
        return build(
                kafka,
                UnitHandler.of(
                        requireGiven("handleBatch", handler), kafka.groupId(), List.copyOf(settings.interceptors)));
    }

    private TidemarkConsumer build(KafkaSettings kafka, UnitHandler<K, V> handler) {
        Supplier<? extends Deserializer<K>> key =
                keys == null ? () -> typed(kafka.deserializers().key()) : keys;
        Supplier<? extends Deserializer<V>> value =
                values == null ? () -> typed(kafka.deserializers().value()) : values;
        return new ConsumerEngine<>(
                settings.checked(kafka, () -> new RecordDecoder<>(key, value, SqlFailures::isTransient), handler));
    }

    // The caller guarantees that the types match the settings, as with KafkaConsumer.
    @SuppressWarnings("unchecked")
    private static <T> Deserializer<T> typed(Deserializer<?> named) {
        return (Deserializer<T>) named;
    }
}
