package dev.tidemark.internal.run;

import dev.tidemark.FailurePolicy;
import dev.tidemark.KafkaClients;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitInterceptor;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.unit.UnitHandler;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import javax.sql.DataSource;

/**
 * All validated settings of a consumer.
 *
 * @param listeners receive its events
 * @param interceptors what runs around each transaction, the outermost first
 */
public record EngineOptions<K, V>(
        KafkaSide kafka,
        StoreSide store,
        WorkSide<K, V> work,
        StopLimits stop,
        List<TidemarkListener> listeners,
        List<UnitInterceptor> interceptors) {
    /**
     * How records are read.
     *
     * @param strictIdentity whether each commit is preceded by a check with Kafka that the topics are still the same
     * @param mirror whether positions are committed to Kafka as well
     * @param clients creates the Kafka clients
     */
    public record KafkaSide(
            KafkaSettings settings, ReadPlan reading, boolean strictIdentity, boolean mirror, KafkaClients clients) {}

    /**
     * Where effects and offsets are stored.
     *
     * @param storeId the expected store; empty for whichever is found first
     * @param transactionIdleTimeout how long a session of ours may be silent before it counts as stopped
     * @param networkTimeout how long the server may be silent, beyond the time allowed for a reply, before its connection is cut
     */
    public record StoreSide(
            DataSource dataSource,
            Schema schema,
            Optional<UUID> storeId,
            Duration transactionIdleTimeout,
            Duration networkTimeout) {}

    /**
     * How records are handled.
     *
     * @param decoders makes one decoder for each thread that decodes
     * @param bufferBytes how many bytes of records may wait or be in open units in this process
     * @param deadline how long a unit may last
     */
    public record WorkSide<K, V>(
            Supplier<RecordDecoder<K, V>> decoders,
            UnitHandler<K, V> handler,
            FailurePolicy policy,
            UnitLimits limits,
            int workers,
            long bufferBytes,
            Duration deadline) {}

    /**
     * How long a stop may take.
     *
     * @param close all of it
     * @param drain how long it waits for open units
     */
    public record StopLimits(Duration close, Duration drain) {
        private static final Duration SHORTEST_STEP = Duration.ofSeconds(3);

        /** How long each of the steps after the drain may take: to leave the group, to end the workers, to record what is left. */
        Duration step() {
            Duration third = close.minus(drain).dividedBy(3);
            return third.compareTo(SHORTEST_STEP) > 0 ? third : SHORTEST_STEP;
        }
    }

    String groupId() {
        return kafka.settings().groupId();
    }
}
