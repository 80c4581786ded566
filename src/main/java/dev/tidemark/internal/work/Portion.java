package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What a unit holds of one partition: records in offset order, under one claim.
 *
 * @param records empty where only the position moves
 * @param tail where the position moves once all of them took effect, if that is further than the last record: beyond transaction
 *     markers, for example; null otherwise
 * @param attempt how often these records are tried in a row because of passing trouble, counting this time
 */
record Portion(
        Lane lane,
        Claim claim,
        List<ConsumerRecord<byte[], byte[]>> records,
        long bytes,
        @Nullable Position tail,
        int attempt) {}
