package dev.tidemark.offsets;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.GapPolicy;
import dev.tidemark.StartPosition;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.loop.ClaimingLoop;
import dev.tidemark.internal.loop.LoopOptions;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.store.connection.PooledConnections;
import dev.tidemark.internal.store.schema.Schema;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link ClaimingConsumer}. Contradictions are refused with {@link InvalidConfigurationException} by
 * {@link #open}, which ends the building. Not thread-safe.
 *
 * @param <K> the records' keys
 * @param <V> the records' values
 */
public final class ClaimingConsumerBuilder<K, V> {
    private final Map<String, ?> kafkaConfig;
    private final Settings settings;
    private final @Nullable Deserializer<K> keys;
    private final @Nullable Deserializer<V> values;

    /** The settings that do not depend on the types of key and value. */
    private static final class Settings {
        private @Nullable Subscription subscription;
        private @Nullable DataSource dataSource;
        private String schema = Schema.DEFAULT;
        private @Nullable UUID storeId;
        private StartPosition start = StartPosition.earliest();
        private GapPolicy gaps = GapPolicy.halt();
        private boolean strictIdentity;

        Settings() {}

        Settings(Settings other) {
            subscription = other.subscription;
            dataSource = other.dataSource;
            schema = other.schema;
            storeId = other.storeId;
            start = other.start;
            gaps = other.gaps;
            strictIdentity = other.strictIdentity;
        }
    }

    private ClaimingConsumerBuilder(
            Map<String, ?> kafkaConfig,
            Settings settings,
            @Nullable Deserializer<K> keys,
            @Nullable Deserializer<V> values) {
        this.kafkaConfig = kafkaConfig;
        this.settings = settings;
        this.keys = keys;
        this.values = values;
    }

    /** As {@link Tidemark#claimingConsumer(Map)}. */
    public static <K, V> ClaimingConsumerBuilder<K, V> of(Map<String, ?> kafkaSettings) {
        return new ClaimingConsumerBuilder<>(
                Collections.unmodifiableMap(new HashMap<>(requireGiven("claimingConsumer", kafkaSettings))),
                new Settings(),
                null,
                null);
    }

    /** The topics to read. One of this, {@link #topicPattern} and {@link #partitions} is required; the last call counts. */
    public ClaimingConsumerBuilder<K, V> topics(String... names) {
        return topics(Arrays.asList(requireGiven("topics", names)));
    }

    /** As {@link #topics(String...)}. */
    public ClaimingConsumerBuilder<K, V> topics(Collection<String> names) {
        settings.subscription = new Subscription.Topics(Subscription.all("topics", names));
        return this;
    }

    /** All topics whose whole name matches, as {@link TidemarkBuilder#topicPattern}. */
    public ClaimingConsumerBuilder<K, V> topicPattern(Pattern names) {
        settings.subscription = new Subscription.Matching(requireGiven("topicPattern", names));
        return this;
    }

    /**
     * Exactly these partitions, which the group does not distribute. The process that opens last owns a partition; the previous one gets
     * TM-401 from {@code poll} and does not claim it back while the other owns it.
     */
    public ClaimingConsumerBuilder<K, V> partitions(TopicPartition... assigned) {
        return partitions(Arrays.asList(requireGiven("partitions", assigned)));
    }

    /** As {@link #partitions(TopicPartition...)}. */
    public ClaimingConsumerBuilder<K, V> partitions(Collection<TopicPartition> assigned) {
        settings.subscription = new Subscription.Manual(Subscription.all("partitions", assigned));
        return this;
    }

    /**
     * How bytes become keys and values; closed with the consumer, never configured. Without this call {@code key.deserializer} and
     * {@code value.deserializer} of the Kafka settings apply. Returns a new builder with the current settings; this one keeps its own.
     */
    public <K2, V2> ClaimingConsumerBuilder<K2, V2> deserializers(Deserializer<K2> key, Deserializer<V2> value) {
        return new ClaimingConsumerBuilder<>(
                kafkaConfig,
                new Settings(settings),
                requireGiven("deserializers", key),
                requireGiven("deserializers", value));
    }

    /**
     * Where the offsets are, and the effects must go. Required; the caller closes it. This consumer keeps one connection for
     * its claims, so a pool must hold at least one more for the caller's transactions (TM-102).
     */
    public ClaimingConsumerBuilder<K, V> database(DataSource target) {
        settings.dataSource = requireGiven("database", target);
        return this;
    }

    /** The schema of the offset store: a plain lower-case identifier. Default {@code tidemark}. */
    public ClaimingConsumerBuilder<K, V> schema(String name) {
        settings.schema = requireGiven("schema", name);
        return this;
    }

    /** Where a group without stored offsets starts. Default {@link StartPosition#earliest()}. */
    public ClaimingConsumerBuilder<K, V> startAt(StartPosition position) {
        settings.start = requireGiven("startAt", position);
        return this;
    }

    /** What to do when records were deleted before they were read. Default {@link GapPolicy#halt()}. */
    public ClaimingConsumerBuilder<K, V> onGap(GapPolicy policy) {
        settings.gaps = requireGiven("onGap", policy);
        return this;
    }

    /**
     * Asks Kafka in each {@link ClaimedRecords#advance} whether the topics are still those that were claimed, as {@link
     * TidemarkBuilder#strictTopicIdentity}; the transaction waits for the reply.
     */
    public ClaimingConsumerBuilder<K, V> strictTopicIdentity() {
        settings.strictIdentity = true;
        return this;
    }

    /** The offset store that the database must hold, as {@link TidemarkBuilder#storeId}. */
    public ClaimingConsumerBuilder<K, V> storeId(UUID id) {
        settings.storeId = requireGiven("storeId", id);
        return this;
    }

    /**
     * Creates the clients and starts to check the database; the first {@code poll} joins the group.
     *
     * @throws InvalidConfigurationException TM-101 to TM-103
     */
    public ClaimingConsumer<K, V> open() {
        KafkaSettings kafka = KafkaSettings.of(kafkaConfig);
        Subscription subscription = settings.subscription;
        if (subscription == null) {
            throw invalid(ErrorCode.INVALID_SETTING, Subscription.NOTHING);
        }
        subscription.defect().ifPresent(defect -> {
            throw invalid(ErrorCode.INVALID_SETTING, defect);
        });
        DataSource database = settings.dataSource;
        if (database == null) {
            throw invalid(ErrorCode.INVALID_SETTING, "no database: pass a DataSource with database(...)");
        }
        OptionalInt pooled = PooledConnections.of(database);
        if (pooled.isPresent() && pooled.getAsInt() < 2) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "the pool holds 1 connection, and claims need one in addition to that of the transaction: raise"
                            + " maximumPoolSize");
        }
        return ClaimingLoop.open(
                new LoopOptions(
                        kafka,
                        kafkaConfig.containsKey("max.poll.records"),
                        new ReadPlan(subscription, settings.start, settings.gaps, false),
                        database,
                        new Schema(settings.schema),
                        Optional.ofNullable(settings.storeId),
                        settings.strictIdentity),
                keys == null ? typed(kafka.deserializers().key()) : keys,
                values == null ? typed(kafka.deserializers().value()) : values);
    }

    // The caller guarantees that the types match the settings, as with KafkaConsumer.
    @SuppressWarnings("unchecked")
    private static <T> Deserializer<T> typed(Deserializer<?> named) {
        return (Deserializer<T>) named;
    }

    private static InvalidConfigurationException invalid(ErrorCode code, String message) {
        return new InvalidConfigurationException(code, message, null);
    }
}
