package dev.tidemark;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.run.EngineOptions;
import dev.tidemark.internal.run.EngineOptions.KafkaSide;
import dev.tidemark.internal.run.EngineOptions.StopLimits;
import dev.tidemark.internal.run.EngineOptions.StoreSide;
import dev.tidemark.internal.run.EngineOptions.WorkSide;
import dev.tidemark.internal.store.connection.PooledConnections;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.unit.UnitHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The settings of a {@link TidemarkBuilder}, except those that depend on the types of key and value, and their validation. */
final class ConsumerSettings {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerSettings.class);

    /** The maximum of PostgreSQL's max_connections. */
    private static final int MOST_CONNECTIONS = (1 << 18) - 1;

    private static final Duration MILLISECOND = Duration.ofMillis(1);
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration DRAIN = Duration.ofSeconds(10);

    @Nullable
    Subscription subscription;

    @Nullable
    DataSource dataSource;

    String schema = Schema.DEFAULT;

    @Nullable
    UUID storeId;

    StartPosition start = StartPosition.earliest();
    GapPolicy gaps = GapPolicy.halt();
    FailurePolicy failures = FailurePolicy.halt();
    UnitLimits limits = UnitLimits.defaults();
    int workers = 1;
    long bufferBytes = 64L << 20;

    @Nullable
    Duration transactionIdleTimeout;

    Duration networkTimeout = Duration.ofSeconds(10);
    Duration closeTimeout = Duration.ofSeconds(20);

    @Nullable
    Duration drainTimeout;

    boolean strictIdentity;
    boolean untilEnd;
    boolean mirror;
    KafkaClients clients = new KafkaClients() {};
    final List<TidemarkListener> listeners = new ArrayList<>();
    final List<UnitInterceptor> interceptors = new ArrayList<>();

    ConsumerSettings() {}

    /** Copies the settings; later changes of either do not affect the other. */
    ConsumerSettings(ConsumerSettings other) {
        subscription = other.subscription;
        dataSource = other.dataSource;
        schema = other.schema;
        storeId = other.storeId;
        start = other.start;
        gaps = other.gaps;
        failures = other.failures;
        limits = other.limits;
        workers = other.workers;
        bufferBytes = other.bufferBytes;
        transactionIdleTimeout = other.transactionIdleTimeout;
        networkTimeout = other.networkTimeout;
        closeTimeout = other.closeTimeout;
        drainTimeout = other.drainTimeout;
        strictIdentity = other.strictIdentity;
        untilEnd = other.untilEnd;
        mirror = other.mirror;
        clients = other.clients;
        listeners.addAll(other.listeners);
        interceptors.addAll(other.interceptors);
    }

    /** Refuses missing, invalid or contradictory settings (TM-102, TM-103). */
    <K, V> EngineOptions<K, V> checked(
            KafkaSettings kafka, Supplier<RecordDecoder<K, V>> decoders, UnitHandler<K, V> handler) {
        Subscription subscribed = subscribed();
        DataSource database = dataSource;
        if (database == null) {
            throw invalid(ErrorCode.INVALID_SETTING, "no database: pass a DataSource with database(...)");
        }
        require(
                workers > 0 && workers < MOST_CONNECTIONS,
                "workers must be positive and fewer than the " + MOST_CONNECTIONS
                        + " connections that a server can have at most, not " + workers);
        require(bufferBytes > 0, "bufferBytes must be positive, not " + bufferBytes);
        checkPool(database);
        Duration idle = transactionIdleTimeout == null ? kafka.sessionTimeout() : transactionIdleTimeout;
        Duration unused = Times.setting("transactionIdleTimeout", idle);
        Duration deadline = deadline(kafka);
        if (deadline.compareTo(idle) < 0) {
            LOG.warn(
                    "the deadline of a unit is shorter than transactionIdleTimeout, so that units may be cancelled while they wait"
                            + " for the locks of a suspended process; they are retried group={} deadline={}"
                            + " transaction_idle_timeout={}",
                    kafka.groupId(),
                    deadline,
                    idle);
        }
        requireLimit("networkTimeout", networkTimeout);
        StopLimits stop = stopLimits(kafka);
        return new EngineOptions<>(
                new KafkaSide(kafka, new ReadPlan(subscribed, start, gaps, untilEnd), strictIdentity, mirror, clients),
                new StoreSide(database, new Schema(schema), Optional.ofNullable(storeId), idle, networkTimeout),
                new WorkSide<>(decoders, handler, failures, limits, workers, bufferBytes, deadline),
                stop,
                List.copyOf(listeners),
                List.copyOf(interceptors));
    }

    private void checkPool(DataSource database) {
        OptionalInt pooled = PooledConnections.of(database);
        if (pooled.isPresent() && pooled.getAsInt() < workers + 1) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "the pool holds " + pooled.getAsInt() + " connection(s) and " + workers + " worker(s) need "
                            + (workers + 1) + ": raise maximumPoolSize or lower workers");
        }
    }

    private StopLimits stopLimits(KafkaSettings kafka) {
        requireLimit("closeTimeout", closeTimeout);
        Duration drain = drainTimeout;
        if (drain == null) {
            return new StopLimits(closeTimeout, closeTimeout.compareTo(DRAIN) < 0 ? closeTimeout : DRAIN);
        }
        requireLimit("drainTimeout", drain);
        if (drain.compareTo(closeTimeout) > 0) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "drainTimeout is " + drain + ", longer than closeTimeout, which is " + closeTimeout
                            + ": lower the one or raise the other");
        }
        if (drain.compareTo(kafka.maxPollInterval()) >= 0) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "drainTimeout is " + drain + ", and must stay below max.poll.interval.ms, which is "
                            + kafka.maxPollInterval() + ": lower the one or raise the other");
        }
        return new StopLimits(closeTimeout, drain);
    }

    private static void requireLimit(String name, Duration limit) {
        require(
                limit.compareTo(MILLISECOND) >= 0 && limit.compareTo(DAY) <= 0,
                name + " must be between 1 ms and a day, not " + limit);
    }

    private Subscription subscribed() {
        Subscription named = subscription;
        if (named == null) {
            throw invalid(ErrorCode.INVALID_SETTING, Subscription.NOTHING);
        }
        named.defect().ifPresent(defect -> {
            throw invalid(ErrorCode.INVALID_SETTING, defect);
        });
        return named;
    }

    private Duration deadline(KafkaSettings kafka) {
        Duration most = kafka.maxPollInterval();
        Duration deadline = limits.deadline().orElse(most);
        if (deadline.compareTo(most) > 0 || limits.maxDuration().compareTo(most) > 0) {
            throw invalid(
                    ErrorCode.CONFLICTING_LIMITS,
                    "a unit may last " + (deadline.compareTo(most) > 0 ? deadline : limits.maxDuration())
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
