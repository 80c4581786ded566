package dev.tidemark.internal.unit;

import dev.tidemark.internal.queue.PartitionHistory;
import dev.tidemark.internal.queue.PartitionShare;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Decodes the records that a unit has taken from a partition, except those that follow a parked one of their key. Used by one worker. */
final class ShareDecoder<K, V> {
    private final RecordDecoder<K, V> decoder;
    private final PartitionNotes notes;

    ShareDecoder(RecordDecoder<K, V> decoder, PartitionNotes notes) {
        this.decoder = decoder;
        this.notes = notes;
    }

    /**
     * A share that is ready to be handled.
     *
     * @param failed why its first record could not be decoded; empty if it could
     */
    record Decoded<K, V>(ShareProgress<K, V> share, Optional<UndecodableException> failed) {}

    /** The records before one that cannot be decoded take effect first; then that record is the first of its share. */
    Decoded<K, V> decode(PartitionShare taken) {
        PartitionHistory history = taken.history();
        if (history.isHoldingMany()) {
            notes.heldKeys(taken.claim().partition()).ifPresent(history::holdOnly);
        }
        List<ConsumerRecord<byte[], byte[]>> free = free(taken);
        List<ConsumerRecord<K, V>> decoded = ahead(taken, free);
        try {
            for (int i = decoded.size(); i < free.size(); i++) {
                decoded.add(decoder.decode(free.get(i)));
            }
        } catch (UndecodableException e) {
            if (decoded.isEmpty()) {
                return new Decoded<>(new ShareProgress<>(taken, free, decoded), Optional.of(e));
            }
        }
        return new Decoded<>(new ShareProgress<>(taken, free, decoded), Optional.empty());
    }

    /** The part of the first free records that was decoded ahead. */
    private static <K, V> List<ConsumerRecord<K, V>> ahead(
            PartitionShare taken, List<ConsumerRecord<byte[], byte[]>> free) {
        List<ConsumerRecord<K, V>> all = taken.decodedAhead(taken.records().size());
        if (free.size() == taken.records().size()) {
            return all;
        }
        List<ConsumerRecord<K, V>> some = new ArrayList<>(free.size());
        for (ConsumerRecord<K, V> record : all) {
            if (some.size() < free.size() && free.get(some.size()).offset() == record.offset()) {
                some.add(record);
            }
        }
        return some;
    }

    /** A share's records, except those that follow a parked one. */
    private List<ConsumerRecord<byte[], byte[]>> free(PartitionShare taken) {
        PartitionHistory history = taken.history();
        if (!history.isHolding()) {
            return taken.records();
        }
        List<Optional<ByteBuffer>> keys = taken.records().stream()
                .map(record -> Optional.ofNullable(record.key()).map(KeyHash::of))
                .toList();
        Set<ByteBuffer> released = new HashSet<>();
        keys.forEach(key -> key.filter(history::holds).ifPresent(released::add));
        if (released.isEmpty()) {
            return taken.records();
        }
        notes.stillHeld(taken.claim().partition(), released).ifPresent(still -> {
            released.removeAll(still);
            history.release(released);
        });
        List<ConsumerRecord<byte[], byte[]>> free = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            if (keys.get(i).filter(history::holds).isEmpty()) {
                free.add(taken.records().get(i));
            }
        }
        return free;
    }
}
