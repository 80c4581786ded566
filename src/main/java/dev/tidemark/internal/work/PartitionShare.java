package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.internal.work.FetchedRecords.Range;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What a unit holds of one partition: records in offset order, under one claim.
 *
 * @param chunks the records as they came in
 * @param records the same in one list; empty where only the position moves
 * @param tail where the position moves once all of them took effect, if that is further than the last record: beyond transaction
 *     markers, for example; null otherwise
 * @param attempt how often these records are tried in a row because of passing trouble, counting this time
 */
record PartitionShare(
        PartitionQueue lane,
        Claim claim,
        List<Range> chunks,
        List<ConsumerRecord<byte[], byte[]>> records,
        long bytes,
        @Nullable Position tail,
        int attempt) {
    PartitionShare(PartitionQueue lane, Claim claim, List<Range> chunks, @Nullable Position tail, int attempt) {
        this(
                lane,
                claim,
                chunks,
                inOneList(chunks),
                chunks.stream().mapToLong(Range::bytes).sum(),
                tail,
                attempt);
    }

    private static List<ConsumerRecord<byte[], byte[]>> inOneList(List<Range> chunks) {
        if (chunks.size() == 1) {
            return chunks.get(0).records();
        }
        List<ConsumerRecord<byte[], byte[]>> all =
                new ArrayList<>(chunks.stream().mapToInt(Range::size).sum());
        chunks.forEach(chunk -> all.addAll(chunk.records()));
        return all;
    }

    /** As many of its first records as were decoded ahead, but not more than this. */
    <K, V> List<ConsumerRecord<K, V>> decodedAhead(int most) {
        List<ConsumerRecord<K, V>> all = new ArrayList<>(most);
        for (Range chunk : chunks) {
            List<ConsumerRecord<K, V>> decoded = chunk.decoded();
            all.addAll(decoded.subList(0, Math.min(decoded.size(), most - all.size())));
            if (decoded.size() < chunk.size()) {
                break;
            }
        }
        return all;
    }
}
