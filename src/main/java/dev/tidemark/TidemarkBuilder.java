package dev.tidemark;

import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.run.ConsumerEngine;
import dev.tidemark.internal.run.EngineOptions;
import dev.tidemark.internal.store.PoolSize;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.work.RecordDecoder;
import dev.tidemark.internal.work.UnitHandler;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Collects what a {@link TidemarkConsumer} is made of. Nothing is contacted; contradictions are refused with {@link
 * InvalidConfigurationException} when {@link #handle} or {@link #handleBatch} ends the building. Not thread-safe.
 *
 * @param <K> the key that the handler gets
 * @param <V> the value that the handler gets
 */
public final class TidemarkBuilder<K, V> {
    private static final long BUFFER_BYTES = 64L << 20;

    private final Map<String, ?> kafkaConfig;
    private final Supplier<? extends Deserializer<K>> keys;
    private final Supplier<? extends Deserializer<V>> values;
    private Set<String> topics = Set.of();
    private @Nullable DataSource dataSource;
    private String schema = Schema.DEFAULT;
    private StartPosition start = StartPosition.earliest();
    private UnitLimits limits = UnitLimits.defaults();
    private int workers = 1;
    private long bufferBytes = BUFFER_BYTES;
    private @Nullable Duration ownerTimeout;

    private TidemarkBuilder(
            Map<String, ?> kafkaConfig,
            Supplier<? extends Deserializer<K>> keys,
            Supplier<? extends Deserializer<V>> values) {
        this.kafkaConfig = kafkaConfig;
        this.keys = keys;
        this.values = values;
    }

    static TidemarkBuilder<byte[], byte[]> from(Map<String, ?> kafkaConfig) {
        return new TidemarkBuilder<>(kafkaConfig, ByteArrayDeserializer::new, ByteArrayDeserializer::new);
    }

    /** The topics to read; each has its own stored offsets. Required. */
    public TidemarkBuilder<K, V> topics(String... names) {
        return topics(List.of(names));
    }

    /** The topics to read; each has its own stored offsets. Required. */
    public TidemarkBuilder<K, V> topics(Collection<String> names) {
        this.topics = new LinkedHashSet<>(names);
        return this;
    }

    /**
     * How bytes become keys and values. Each worker makes its own pair, as deserializers need not be thread-safe; {@code
     * configure} is not called, {@code close} is. A null key or value is not shown to them. Without this call both stay bytes.
     */
    public <K2, V2> TidemarkBuilder<K2, V2> deserializers(
            Supplier<? extends Deserializer<K2>> key, Supplier<? extends Deserializer<V2>> value) {
        TidemarkBuilder<K2, V2> typed = new TidemarkBuilder<>(kafkaConfig, key, value);
        typed.topics = topics;
        typed.dataSource = dataSource;
        typed.schema = schema;
        typed.start = start;
        typed.limits = limits;
        typed.workers = workers;
        typed.bufferBytes = bufferBytes;
        typed.ownerTimeout = ownerTimeout;
        return typed;
    }

    /**
     * Where effects and offsets go. Required, and stays the caller's to close. A pool must hold a connection for each worker and
     * one more (TM-102), because a full pool must not stop a claim. It works through PgBouncer in transaction mode.
     */
    public TidemarkBuilder<K, V> database(DataSource target) {
        this.dataSource = target;
        return this;
    }

    /** The schema of the offset store: a plain lower-case identifier. Default {@code tidemark}. */
    public TidemarkBuilder<K, V> schema(String name) {
        this.schema = name;
        return this;
    }

    /** Where a group begins that has no stored offsets. Default {@link StartPosition#earliest()}. */
    public TidemarkBuilder<K, V> startAt(StartPosition position) {
        this.start = position;
        return this;
    }

    /** What bounds a transaction. Default {@link UnitLimits#defaults()}. */
    public TidemarkBuilder<K, V> limits(UnitLimits bounds) {
        this.limits = bounds;
        return this;
    }

    /** How many units may be open at once, each on a thread and a connection of its own. Default 1. */
    public TidemarkBuilder<K, V> workers(int count) {
        this.workers = count;
        return this;
    }

    /**
     * How many bytes of keys and values may wait in this process before partitions are paused. Beside it Kafka's client holds
     * what it has fetched, up to {@code fetch.max.bytes} a broker. Default 64 MiB.
     */
    public TidemarkBuilder<K, V> bufferBytes(long bytes) {
        this.bufferBytes = bytes;
        return this;
    }

    /**
     * How long an open transaction may wait for its process before the server ends it, so that a stopped process gives up its
     * locks; in other words, the longest pause between two statements of a handler. Default {@code session.timeout.ms}, or 45 s,
     * which is also the brokers' default under {@code group.protocol=consumer}.
     */
    public TidemarkBuilder<K, V> ownerTimeout(Duration timeout) {
        this.ownerTimeout = timeout;
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
        require(!topics.isEmpty(), "no topics: name at least one with topics(...)");
        require(topics.stream().noneMatch(String::isBlank), "a topic name is blank");
        DataSource database = dataSource;
        if (database == null) {
            throw invalid(ErrorCode.INVALID_SETTING, "no database: pass a DataSource with database(...)");
        }
        require(workers > 0, "workers must be positive, not " + workers);
        require(bufferBytes > 0, "bufferBytes must be positive, not " + bufferBytes);
        OptionalInt pooled = PoolSize.of(database);
        if (pooled.isPresent() && pooled.getAsInt() < workers + 1) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "the pool holds " + pooled.getAsInt() + " connection(s) and " + workers + " worker(s) need "
                            + (workers + 1) + ": raise maximumPoolSize or lower workers");
        }
        Duration most = kafka.maxPollInterval();
        Duration deadline = limits.deadline().orElse(most);
        if (deadline.compareTo(most) > 0 || limits.time().compareTo(most) > 0) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "a unit may last " + (deadline.compareTo(most) > 0 ? deadline : limits.time())
                            + ", longer than max.poll.interval.ms, which is " + most
                            + ": lower the one or raise the other");
        }
        Duration timeout = ownerTimeout == null ? kafka.sessionTimeout() : ownerTimeout;
        require(!timeout.isNegative() && timeout.toMillis() > 0, "ownerTimeout must be at least 1 ms, not " + timeout);
        return new ConsumerEngine<>(new EngineOptions<>(
                kafka,
                Set.copyOf(topics),
                () -> new RecordDecoder<>(keys, values),
                handler,
                database,
                new Schema(schema),
                start,
                limits,
                workers,
                bufferBytes,
                timeout,
                deadline));
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
