package dev.tidemark.internal.unit;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.ReactionPlanner.UnitFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.queue.RawRecords;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.unit.UnitHandler.Progress;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What one transaction takes of a unit: records from the beginning of each of some shares. */
record Attempt<K, V>(List<Part<K, V>> parts) {
    /**
     * This many records from the beginning of a share.
     *
     * @param decoded the same, decoded; fewer or none while they still have to be decoded
     */
    record Part<K, V>(ShareProgress<K, V> share, int count, List<ConsumerRecord<K, V>> decoded) {
        List<ConsumerRecord<byte[], byte[]>> raw() {
            return share.raw(count);
        }
    }

    /** Of which topics it contains records. */
    Set<String> topics() {
        return parts.stream()
                .filter(part -> part.count() > 0)
                .map(part -> part.share().partition().topic())
                .collect(Collectors.toSet());
    }

    /** Everything that is left, as it was decoded before. */
    static <K, V> Attempt<K, V> all(List<ShareProgress<K, V>> shares) {
        return new Attempt<>(shares.stream()
                .map(share -> new Part<>(share, share.left().size(), share.left()))
                .toList());
    }

    /** This many records, share after share, still to be decoded. */
    static <K, V> Attempt<K, V> first(List<ShareProgress<K, V>> shares, int records) {
        List<Part<K, V>> parts = new ArrayList<>();
        int open = records;
        for (ShareProgress<K, V> share : shares) {
            int taken = Math.min(open, share.left().size());
            if (taken > 0) {
                parts.add(new Part<>(share, taken, List.of()));
                open -= taken;
            }
        }
        return new Attempt<>(parts);
    }

    /** The first record of a share, still to be decoded. */
    static <K, V> Attempt<K, V> firstRecord(ShareProgress<K, V> share) {
        return new Attempt<>(List.of(new Part<>(share, 1, List.of())));
    }

    /** The only record of this attempt without the shares that have none, still to be decoded. */
    Attempt<K, V> ofTheRecord() {
        return new Attempt<>(parts.stream()
                .filter(part -> part.count() > 0)
                .map(part -> new Part<>(part.share(), part.count(), List.<ConsumerRecord<K, V>>of()))
                .toList());
    }

    /**
     * The same records decoded again, or those of them before the first that cannot be.
     *
     * @throws UndecodableException if the very first cannot be
     */
    Attempt<K, V> decoded(RecordDecoder<K, V> decoder) throws UndecodableException {
        List<Part<K, V>> decoded = new ArrayList<>();
        for (Part<K, V> part : parts) {
            List<ConsumerRecord<K, V>> records = new ArrayList<>(part.count());
            try {
                for (ConsumerRecord<byte[], byte[]> raw : part.raw()) {
                    records.add(decoder.decode(raw));
                }
            } catch (UndecodableException e) {
                if (decoded.isEmpty() && records.isEmpty()) {
                    throw e;
                }
                if (!records.isEmpty()) {
                    decoded.add(new Part<>(part.share(), records.size(), records));
                }
                return new Attempt<>(decoded);
            }
            decoded.add(new Part<>(part.share(), records.size(), records));
        }
        return new Attempt<>(decoded);
    }

    int size() {
        return parts.stream().mapToInt(Part::count).sum();
    }

    ShareProgress<K, V> firstShare() {
        return parts.get(0).share();
    }

    List<ShareProgress<K, V>> shares() {
        return parts.stream().map(Part::share).toList();
    }

    List<Claim> claims() {
        return parts.stream().map(part -> part.share().claim()).toList();
    }

    List<List<ConsumerRecord<K, V>>> handedOver() {
        return parts.stream().map(Part::decoded).toList();
    }

    /** Where each share moves after this much progress. */
    Map<Claim, Position> moves(Progress progress) {
        Map<Claim, Position> moves = new HashMap<>();
        for (int i = 0; i < parts.size(); i++) {
            ShareProgress<K, V> share = parts.get(i).share();
            boolean onlyMoves = parts.get(i).count() == 0;
            if (progress.done(i) > 0 || onlyMoves) {
                moves.put(share.claim(), share.after(progress.done(i)));
            }
        }
        return moves;
    }

    /** The records of held keys that these moves pass. */
    List<ConsumerRecord<byte[], byte[]>> followers(Map<Claim, Position> moves) {
        List<ConsumerRecord<byte[], byte[]>> followers = new ArrayList<>();
        for (Part<K, V> part : parts) {
            Position to = moves.get(part.share().claim());
            if (to != null) {
                followers.addAll(part.share().followers(to));
            }
        }
        return followers;
    }

    /** What decisions need to know about it. */
    UnitFacts facts(String groupId, double random) {
        ShareProgress<K, V> first = firstShare();
        long offset = first.hasLeft()
                ? first.firstRaw().offset()
                : first.claim().position().nextOffset();
        return new UnitFacts(
                groupId,
                shares().stream().map(ShareProgress::partition).collect(Collectors.toSet()),
                size(),
                new RecordId(first.partition(), offset),
                shares().stream()
                        .mapToInt(share -> share.taken().attempt())
                        .max()
                        .orElse(1),
                random);
    }

    /** How many of the records are below these positions. */
    int moved(Map<Claim, Position> moves) {
        int moved = 0;
        for (Part<K, V> part : parts) {
            Position to = moves.get(part.share().claim());
            if (to != null) {
                moved += RawRecords.below(part.raw(), to.nextOffset());
            }
        }
        return moved;
    }

    /** How many of its records each partition has; of what has committed, only those that took effect. */
    Map<TopicPartition, Integer> counts(UnitOutcome outcome) {
        Map<TopicPartition, Integer> counts = new HashMap<>();
        for (Part<K, V> part : parts) {
            int count = part.count();
            if (outcome instanceof UnitOutcome.Committed committed) {
                Position to = committed.moves().get(part.share().claim());
                count = to == null ? 0 : RawRecords.below(part.raw(), to.nextOffset());
            }
            counts.put(part.share().partition(), count);
        }
        return Map.copyOf(counts);
    }

    /** The shares that have to wait after a transient failure: only the one whose record the handler failed on, if that is known. */
    List<ShareProgress<K, V>> waiting(Reaction.RetryAfter reaction, @Nullable Progress progress) {
        int failing = progress == null ? -1 : progress.failing();
        return failing >= 0 && !reaction.smaller() && reaction.partitions().isEmpty()
                ? List.of(parts.get(failing).share())
                : shares().stream()
                        .filter(share -> reaction.concerns(share.partition()))
                        .toList();
    }

    /** These wait, to be tried again. */
    void failTransiently(
            List<ShareProgress<K, V>> waiting,
            Reaction.RetryAfter reaction,
            boolean reachedHandler,
            @Nullable Progress progress) {
        for (ShareProgress<K, V> share : waiting) {
            share.history().rowHeld(reaction.why().code() == ErrorCode.ROW_LOCKED);
            share.history().confine(reachedHandler ? confined(share, progress) : 0);
            share.failTransiently(reaction.delay());
        }
    }

    /** How many of a share's records to try next: those before the one that the handler failed on, or half if that is unknown. */
    private int confined(ShareProgress<K, V> share, @Nullable Progress progress) {
        int index = shares().indexOf(share);
        int before = progress != null && progress.failing() == index
                ? progress.done(index)
                : parts.get(index).count() / 2;
        return Math.max(1, before);
    }

    /** Which of the records the handler failed on, counted from 0; -1 if unknown. */
    int failing(@Nullable Progress progress) {
        if (progress == null || progress.failing() < 0) {
            return -1;
        }
        int before = 0;
        for (int i = 0; i < progress.failing(); i++) {
            before += parts.get(i).count();
        }
        return before + progress.done(progress.failing());
    }

    /** How many records the handler had reached; all of them if it gets them at once. */
    int reached(@Nullable Progress progress) {
        int failing = failing(progress);
        return failing < 0 ? size() : failing + 1;
    }
}
