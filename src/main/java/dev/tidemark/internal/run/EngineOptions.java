package dev.tidemark.internal.run;

import dev.tidemark.StartPosition;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.work.RecordDecoder;
import dev.tidemark.internal.work.UnitHandler;
import java.time.Duration;
import java.util.Set;
import java.util.function.Supplier;
import javax.sql.DataSource;

/**
 * Everything a consumer is made of, checked already.
 *
 * @param decoders makes one decoder for each worker
 * @param bufferBytes how many bytes of records may wait or be under way in this process
 * @param ownerTimeout how long a session of ours may be silent before it counts as stopped
 * @param deadline how long a unit may last
 */
public record EngineOptions<K, V>(
        KafkaSettings kafka,
        Set<String> topics,
        Supplier<RecordDecoder<K, V>> decoders,
        UnitHandler<K, V> handler,
        DataSource dataSource,
        Schema schema,
        StartPosition start,
        UnitLimits limits,
        int workers,
        long bufferBytes,
        Duration ownerTimeout,
        Duration deadline) {}
