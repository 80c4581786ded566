package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.ReactionPlanner.UnitFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.work.RecordDecoder.UndecodableException;
import dev.tidemark.internal.work.UnitHandler.Progress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What one transaction takes of a unit: records from the beginning of each of some parts. */
record Attempt<K, V>(List<Records<K, V>> pieces) {
    /**
     * So many records from the beginning of a part.
     *
     * @param records the same, decoded; fewer or none while they are still to be decoded
     */
    record Records<K, V>(ShareProgress<K, V> part, int count, List<ConsumerRecord<K, V>> records) {
        List<ConsumerRecord<byte[], byte[]>> raw() {
            return part.raw(count);
        }
    }

    /** Of how many topics it holds records. */
    int topics() {
        return (int) pieces.stream()
                .filter(piece -> piece.count() > 0)
                .map(piece -> piece.part().partition().topic())
                .distinct()
                .count();
    }

    /** Everything that is left, as it was decoded before. */
    static <K, V> Attempt<K, V> all(List<ShareProgress<K, V>> parts) {
        return new Attempt<>(parts.stream()
                .map(part -> new Records<>(part, part.left().size(), part.left()))
                .toList());
    }

    /** So many records, part after part, still to be decoded. */
    static <K, V> Attempt<K, V> first(List<ShareProgress<K, V>> parts, int records) {
        List<Records<K, V>> pieces = new ArrayList<>();
        int open = records;
        for (ShareProgress<K, V> part : parts) {
            int taken = Math.min(open, part.left().size());
            if (taken > 0) {
                pieces.add(new Records<>(part, taken, List.of()));
                open -= taken;
            }
        }
        return new Attempt<>(pieces);
    }

    /** The first record of a part, still to be decoded. */
    static <K, V> Attempt<K, V> firstRecord(ShareProgress<K, V> part) {
        return new Attempt<>(List.of(new Records<>(part, 1, List.of())));
    }

    /** The only record of this slice without the parts that hold none, still to be decoded. */
    Attempt<K, V> ofTheRecord() {
        return new Attempt<>(pieces.stream()
                .filter(piece -> piece.count() > 0)
                .map(piece -> new Records<>(piece.part(), piece.count(), List.<ConsumerRecord<K, V>>of()))
                .toList());
    }

    /**
     * The same records decoded anew, or those of them before the first that cannot be.
     *
     * @throws UndecodableException if the very first cannot be
     */
    Attempt<K, V> decoded(RecordDecoder<K, V> decoder) throws UndecodableException {
        List<Records<K, V>> decoded = new ArrayList<>();
        for (Records<K, V> piece : pieces) {
            List<ConsumerRecord<K, V>> records = new ArrayList<>(piece.count());
            try {
                for (ConsumerRecord<byte[], byte[]> raw : piece.raw()) {
                    records.add(decoder.decode(raw));
                }
            } catch (UndecodableException e) {
                if (decoded.isEmpty() && records.isEmpty()) {
                    throw e;
                }
                if (!records.isEmpty()) {
                    decoded.add(new Records<>(piece.part(), records.size(), records));
                }
                return new Attempt<>(decoded);
            }
            decoded.add(new Records<>(piece.part(), records.size(), records));
        }
        return new Attempt<>(decoded);
    }

    int size() {
        return pieces.stream().mapToInt(Records::count).sum();
    }

    ShareProgress<K, V> firstPart() {
        return pieces.get(0).part();
    }

    List<ShareProgress<K, V>> parts() {
        return pieces.stream().map(Records::part).toList();
    }

    List<Claim> claims() {
        return pieces.stream().map(piece -> piece.part().claim()).toList();
    }

    List<List<ConsumerRecord<K, V>>> records() {
        return pieces.stream().map(Records::records).toList();
    }

    /** Where each part moves after so much progress. */
    Map<Claim, Position> moves(Progress progress) {
        Map<Claim, Position> moves = new HashMap<>();
        for (int i = 0; i < pieces.size(); i++) {
            ShareProgress<K, V> part = pieces.get(i).part();
            boolean onlyMoves = pieces.get(i).count() == 0;
            if (progress.done(i) > 0 || onlyMoves) {
                moves.put(part.claim(), part.after(progress.done(i)));
            }
        }
        return moves;
    }

    /** The records of held keys that are passed over with these moves. */
    List<ConsumerRecord<byte[], byte[]>> followers(Map<Claim, Position> moves) {
        List<ConsumerRecord<byte[], byte[]>> followers = new ArrayList<>();
        for (Records<K, V> piece : pieces) {
            Position to = moves.get(piece.part().claim());
            if (to != null) {
                followers.addAll(piece.part().followers(to));
            }
        }
        return followers;
    }

    /** What decisions need to know of it. */
    UnitFacts facts(String groupId, double random) {
        ShareProgress<K, V> first = firstPart();
        long offset = first.hasLeft()
                ? first.firstRaw().offset()
                : first.claim().position().nextOffset();
        return new UnitFacts(
                groupId,
                parts().stream().map(ShareProgress::partition).collect(Collectors.toSet()),
                size(),
                new RecordId(first.partition(), offset),
                parts().stream()
                        .mapToInt(part -> part.portion().attempt())
                        .max()
                        .orElse(1),
                random);
    }

    /** How many of the records are behind these positions. */
    int moved(Map<Claim, Position> moves) {
        int moved = 0;
        for (Records<K, V> piece : pieces) {
            Position to = moves.get(piece.part().claim());
            if (to != null) {
                moved += FetchedRecords.below(piece.raw(), to.nextOffset());
            }
        }
        return moved;
    }

    /** How many records each partition holds of it; of what has committed, only those that took effect. */
    Map<TopicPartition, Integer> counts(UnitOutcome outcome) {
        Map<TopicPartition, Integer> counts = new HashMap<>();
        for (Records<K, V> piece : pieces) {
            int count = piece.count();
            if (outcome instanceof UnitOutcome.Committed committed) {
                Position to = committed.moves().get(piece.part().claim());
                count = to == null ? 0 : FetchedRecords.below(piece.raw(), to.nextOffset());
            }
            counts.put(piece.part().partition(), count);
        }
        return Map.copyOf(counts);
    }

    /** Which of the records the handler failed on, counted from 0; -1 where nobody knows. */
    int failing(@Nullable Progress progress) {
        if (progress == null || progress.failing() < 0) {
            return -1;
        }
        int before = 0;
        for (int i = 0; i < progress.failing(); i++) {
            before += pieces.get(i).count();
        }
        return before + progress.done(progress.failing());
    }

    /** How many records the handler had come to; all of them where it gets them at once. */
    int reached(@Nullable Progress progress) {
        int failing = failing(progress);
        return failing < 0 ? size() : failing + 1;
    }
}
