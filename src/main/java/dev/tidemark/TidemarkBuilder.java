package dev.tidemark;

import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.run.ConsumerEngine;
import dev.tidemark.internal.run.EngineOptions;
import dev.tidemark.internal.run.EngineOptions.KafkaSide;
import dev.tidemark.internal.run.EngineOptions.StoreSide;
import dev.tidemark.internal.run.EngineOptions.WorkSide;
import dev.tidemark.internal.store.PooledConnections;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.unit.UnitHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects what a {@link TidemarkConsumer} is made of. Nothing is contacted; contradictions are refused with {@link
 * InvalidConfigurationException} when {@link #handle} or {@link #handleBatch} ends the building. Not thread-safe.
 *
 * @param <K> the key that the handler gets
 * @param <V> the value that the handler gets
 */
public final class TidemarkBuilder<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(TidemarkBuilder.class);

    private static final long BUFFER_BYTES = 64L << 20;
    private static final Duration NETWORK_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration MILLISECOND = Duration.ofMillis(1);
    private static final Duration DAY = Duration.ofDays(1);

    private final Map<String, ?> kafkaConfig;
    private final Settings settings;
    private final Supplier<? extends Deserializer<K>> keys;
    private final Supplier<? extends Deserializer<V>> values;

    /** What does not depend on the types of key and value. */
    private static final class Settings {
        private @Nullable Subscription subscription;
        private @Nullable DataSource dataSource;
        private String schema = Schema.DEFAULT;
        private @Nullable UUID storeId;
        private StartPosition start = StartPosition.earliest();
        private GapPolicy gaps = GapPolicy.halt();
        private FailurePolicy failures = FailurePolicy.halt();
        private UnitLimits limits = UnitLimits.defaults();
        private int workers = 1;
        private long bufferBytes = BUFFER_BYTES;
        private @Nullable Duration ownerTimeout;
        private Duration networkTimeout = NETWORK_TIMEOUT;
        private boolean strictIdentity;
        private boolean untilEnd;
        private boolean mirror;
        private final List<TidemarkListener> listeners = new ArrayList<>();
    }

    private TidemarkBuilder(
            Map<String, ?> kafkaConfig,
            Settings settings,
            Supplier<? extends Deserializer<K>> keys,
            Supplier<? extends Deserializer<V>> values) {
        this.kafkaConfig = kafkaConfig;
        this.settings = settings;
        this.keys = keys;
        this.values = values;
    }

    static TidemarkBuilder<byte[], byte[]> from(Map<String, ?> kafkaConfig) {
        return new TidemarkBuilder<>(
                kafkaConfig, new Settings(), ByteArrayDeserializer::new, ByteArrayDeserializer::new);
    }

    /**
     * The topics to read; each has its own stored offsets. One of this, {@link #topicPattern} and {@link #partitions} is required;
     * the last call counts. A topic that does not exist is waited for, and the status says so (TM-307).
     */
    public TidemarkBuilder<K, V> topics(String... names) {
        return topics(List.of(names));
    }

    /** As {@link #topics(String...)}. */
    public TidemarkBuilder<K, V> topics(Collection<String> names) {
        settings.subscription = new Subscription.Topics(Set.copyOf(names));
        return this;
    }

    /**
     * All topics whose whole name matches, Kafka's own excepted. Those that match when the group starts for the first time begin
     * at the start position; a topic that comes to match later is read from its first record. Kafka's client notices it within
     * {@code metadata.max.age.ms}.
     */
    public TidemarkBuilder<K, V> topicPattern(Pattern names) {
        settings.subscription = new Subscription.Matching(names);
        return this;
    }

    /**
     * These partitions and no others: no group shares them out, and none takes over when this process dies. The stored offsets
     * are those of {@code group.id} all the same, and fencing works: whoever starts last owns a partition, and the one before
     * halts it (TM-401) instead of taking it back.
     */
    public TidemarkBuilder<K, V> partitions(TopicPartition... assigned) {
        return partitions(List.of(assigned));
    }

    /** As {@link #partitions(TopicPartition...)}. */
    public TidemarkBuilder<K, V> partitions(Collection<TopicPartition> assigned) {
        settings.subscription = new Subscription.Manual(Set.copyOf(assigned));
        return this;
    }

    /**
     * How bytes become keys and values. Each thread that decodes makes its own pair, as deserializers need not be thread-safe; {@code
     * configure} is not called, {@code close} is. A null key or value is not shown to them. Without this call both stay bytes.
     */
    public <K2, V2> TidemarkBuilder<K2, V2> deserializers(
            Supplier<? extends Deserializer<K2>> key, Supplier<? extends Deserializer<V2>> value) {
        return new TidemarkBuilder<>(kafkaConfig, settings, key, value);
    }

    /**
     * Where effects and offsets go. Required, and stays the caller's to close. A pool must hold a connection for each worker and
     * one more (TM-102), because a full pool must not stop a claim. It works through PgBouncer in transaction mode.
     */
    public TidemarkBuilder<K, V> database(DataSource target) {
        settings.dataSource = target;
        return this;
    }

    /** The schema of the offset store: a plain lower-case identifier. Default {@code tidemark}. */
    public TidemarkBuilder<K, V> schema(String name) {
        settings.schema = name;
        return this;
    }

    /** Where a group begins that has no stored offsets. Default {@link StartPosition#earliest()}. */
    public TidemarkBuilder<K, V> startAt(StartPosition position) {
        settings.start = position;
        return this;
    }

    /** What to do when records were deleted before they were read. Default {@link GapPolicy#halt()}. */
    public TidemarkBuilder<K, V> onGap(GapPolicy policy) {
        settings.gaps = policy;
        return this;
    }

    /** What becomes of a record that cannot be decoded or handled. Default {@link FailurePolicy#halt()}. */
    public TidemarkBuilder<K, V> onFailure(FailurePolicy policy) {
        settings.failures = policy;
        return this;
    }

    /**
     * Ends the run once everything is read that the logs held when it started; transaction markers count. It is the stored offsets
     * that must have come there, whoever moved them: with several processes each waits for all, and finishes what another left.
     * Records that come in meanwhile may take effect too.
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
     * deleted and created again ever takes effect. Costs a round trip to a broker per unit; without it such a topic is refused
     * within 10 s.
     */
    public TidemarkBuilder<K, V> strictTopicIdentity() {
        settings.strictIdentity = true;
        return this;
    }

    /**
     * The offset store that the database must hold, as {@code select store_id from tidemark.store_info} shows it; any other is
     * refused with TM-206. Without this, the store that is met first in a run must stay the one.
     */
    public TidemarkBuilder<K, V> storeId(UUID id) {
        settings.storeId = id;
        return this;
    }

    /** What bounds a transaction. Default {@link UnitLimits#defaults()}. */
    public TidemarkBuilder<K, V> limits(UnitLimits bounds) {
        settings.limits = bounds;
        return this;
    }

    /** How many units may be open at once, each on a thread and a connection of its own. Default 1. */
    public TidemarkBuilder<K, V> workers(int count) {
        settings.workers = count;
        return this;
    }

    /**
     * How many bytes of records may wait in this process before partitions are paused: keys, values, headers, and what objects
     * cost, as they came in; what they decode to is not counted. Beside it Kafka's client holds
     * what it has fetched, up to {@code fetch.max.bytes} a broker. Default 64 MiB.
     */
    public TidemarkBuilder<K, V> bufferBytes(long bytes) {
        settings.bufferBytes = bytes;
        return this;
    }

    /**
     * How long an open transaction may wait for its process before the server ends it, so that a stopped process gives up its
     * locks; in other words, the longest pause between two statements of a handler. Default {@code session.timeout.ms}, or 45 s,
     * which is also the brokers' default under {@code group.protocol=consumer}. A warning is logged if the unit's deadline is
     * shorter: a successor's handlers may then be cancelled while they wait for those locks.
     */
    public TidemarkBuilder<K, V> ownerTimeout(Duration timeout) {
        settings.ownerTimeout = timeout;
        return this;
    }

    /**
     * How long the database may be silent on a connection before its socket is closed and another connection is taken: a firewall or a
     * host that is gone ends connections without a word. It counts from when a reply is overdue: for a unit after its deadline, when
     * its statement was cancelled in vain; for the control thread after the 5 s that it waits for locks; for a new connection from the
     * start. A shorter network timeout of the connection itself, such as {@code socketTimeout} in the URL, stays in force. A COMMIT
     * whose reply did not come is cut too: what became of it, the next claim finds out. Default 10 s; at least 1 ms.
     */
    public TidemarkBuilder<K, V> networkTimeout(Duration timeout) {
        settings.networkTimeout = timeout;
        return this;
    }

    /**
     * Who is told what the consumer does, such as {@code TidemarkMetrics.to(registry)}. Each call adds to those before. Default
     * nobody.
     */
    public TidemarkBuilder<K, V> listener(TidemarkListener... told) {
        settings.listeners.addAll(List.of(told));
        return this;
    }

    /** Builds a consumer whose handler gets one record at a time. */
    public TidemarkConsumer handle(RecordHandler<K, V> handler) {
        return build(UnitHandler.of(handler));
    }

    /** Builds a consumer whose handler gets all records of a unit at once. */
    public TidemarkConsumer handleBatch(BatchHandler<K, V> handler) {
        return build(UnitHandler.of(handler));
    }

    private TidemarkConsumer build(UnitHandler<K, V> handler) {
        KafkaSettings kafka = KafkaSettings.of(kafkaConfig);
        ReadPlan reading = new ReadPlan(subscription(), settings.start, settings.gaps, settings.untilEnd);
        DataSource database = settings.dataSource;
        if (database == null) {
            throw invalid(ErrorCode.INVALID_SETTING, "no database: pass a DataSource with database(...)");
        }
        int workers = settings.workers;
        require(workers > 0, "workers must be positive, not " + workers);
        require(settings.bufferBytes > 0, "bufferBytes must be positive, not " + settings.bufferBytes);
        OptionalInt pooled = PooledConnections.of(database);
        if (pooled.isPresent() && pooled.getAsInt() < workers + 1) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "the pool holds " + pooled.getAsInt() + " connection(s) and " + workers + " worker(s) need "
                            + (workers + 1) + ": raise maximumPoolSize or lower workers");
        }
        Duration timeout = settings.ownerTimeout == null ? kafka.sessionTimeout() : settings.ownerTimeout;
        Duration unused = Times.setting("ownerTimeout", timeout);
        Duration deadline = deadline(kafka);
        if (deadline.compareTo(timeout) < 0) {
            LOG.warn(
                    "the deadline of a unit is shorter than ownerTimeout, so that units may be cancelled while they wait for the"
                            + " locks of a process that stopped; they are tried again group={} deadline={} owner_timeout={}",
                    kafka.groupId(),
                    deadline,
                    timeout);
        }
        Duration network = settings.networkTimeout;
        require(
                network.compareTo(MILLISECOND) >= 0 && network.compareTo(DAY) <= 0,
                "networkTimeout must be between 1 ms and a day, not " + network);
        return new ConsumerEngine<>(new EngineOptions<>(
                new KafkaSide(kafka, reading, settings.strictIdentity, settings.mirror),
                new StoreSide(
                        database, new Schema(settings.schema), Optional.ofNullable(settings.storeId), timeout, network),
                new WorkSide<>(
                        () -> new RecordDecoder<>(keys, values),
                        handler,
                        settings.failures,
                        settings.limits,
                        workers,
                        settings.bufferBytes,
                        deadline),
                List.copyOf(settings.listeners)));
    }

    private Subscription subscription() {
        Subscription subscription = settings.subscription;
        boolean nothing = subscription == null
                || (subscription instanceof Subscription.Topics t && t.names().isEmpty())
                || (subscription instanceof Subscription.Manual m
                        && m.partitions().isEmpty());
        if (subscription == null || nothing) {
            throw invalid(
                    ErrorCode.INVALID_SETTING,
                    "no topics: name at least one with topics(...), topicPattern(...) or partitions(...)");
        }
        if (subscription instanceof Subscription.Topics t) {
            require(t.names().stream().noneMatch(String::isBlank), "a topic name is blank");
        }
        if (subscription instanceof Subscription.Manual m) {
            require(
                    m.partitions().stream().noneMatch(p -> p.topic().isBlank() || p.partition() < 0),
                    "a partition has a blank topic or a negative number");
        }
        return subscription;
    }

    private Duration deadline(KafkaSettings kafka) {
        Duration most = kafka.maxPollInterval();
        UnitLimits limits = settings.limits;
        Duration deadline = limits.deadline().orElse(most);
        if (deadline.compareTo(most) > 0 || limits.time().compareTo(most) > 0) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "a unit may last " + (deadline.compareTo(most) > 0 ? deadline : limits.time())
                            + ", longer than max.poll.interval.ms, which is " + most
                            + ": lower the one or raise the other");
        }
        return deadline;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw invalid(ErrorCode.INVALID_SETTING, otherwise);
        }
    }

    private static InvalidConfigurationException invalid(ErrorCode code, String message) {
        return new InvalidConfigurationException(code, message, null);
    }
}
