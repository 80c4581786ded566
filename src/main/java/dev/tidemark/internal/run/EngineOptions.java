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
 * Everything a consumer is made of, checked already.
 *
 * @param listeners who is told what it does
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
     * How records come in.
     *
     * @param strictIdentity whether Kafka is asked before each commit whether the topics are still the same
     * @param mirror whether positions are committed to Kafka as well
     * @param clients makes the Kafka clients
     */
    public record KafkaSide(
            KafkaSettings settings, ReadPlan reading, boolean strictIdentity, boolean mirror, KafkaClients clients) {}

    /**
     * Where effects and offsets go.
     *
     * @param storeId the store to find; empty for whichever is met first
     * @param transactionIdleTimeout how long a session of ours may be silent before it counts as stopped
     * @param networkTimeout how long the server may be silent, beyond what it was given to reply, before its connection is cut
     */
    public record StoreSide(
            DataSource dataSource,
            Schema schema,
            Optional<UUID> storeId,
            Duration transactionIdleTimeout,
            Duration networkTimeout) {}

    /**
     * What is done with records.
     *
     * @param decoders makes one decoder for each thread that decodes
     * @param bufferBytes how many bytes of records may wait or be under way in this process
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
     * @param drain how long units under way are waited for
     */
    public record StopLimits(Duration close, Duration drain) {}

    String groupId() {
        return kafka.settings().groupId();
    }
}
