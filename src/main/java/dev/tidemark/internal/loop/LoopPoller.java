package dev.tidemark.internal.loop;

import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.loop.Share.State;
import dev.tidemark.internal.plan.Stretch;
import dev.tidemark.internal.run.Seeks;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordDeserializationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches records for a {@link ClaimingLoop}, and keeps track of how far. Used by the thread that polls. */
final class LoopPoller<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(LoopPoller.class);

    /** A poll that waits for records notices claims, resets and pauses within this time. */
    private static final Duration SLICE = Duration.ofMillis(100);

    /** While claims are in progress. */
    private static final Duration SHORT = Duration.ofMillis(10);

    /** How long a position without records waits for one to move with, before it moves alone. */
    private static final Duration TAIL = Duration.ofSeconds(1);

    /** How long such a move may take before it counts as failed. */
    private static final Duration MOVE = Duration.ofSeconds(6);

    private final String groupId;
    private final Consumer<K, V> consumer;
    private final Seeks seeks;
    private final ControlThread control;
    private final Shares shares;

    LoopPoller(String groupId, Consumer<K, V> consumer, ControlThread control, Shares shares) {
        this.groupId = groupId;
        this.consumer = consumer;
        this.seeks = new Seeks(consumer);
        this.control = control;
        this.shares = shares;
    }

    /** Waits briefly, at most this many nanoseconds; no later poll returns the same records. */
    List<Stretch<K, V>> poll(long left) {
        boolean orderly = false;
        try {
            followPositions();
            ConsumerRecords<K, V> records = consumer.poll(slice(left));
            List<Stretch<K, V>> taken = take(records);
            orderly = true;
            return taken;
        } catch (OffsetOutOfRangeException e) {
            orderly = true;
            outOfRange(e);
            return List.of();
        } catch (NoOffsetForPartitionException e) {
            orderly = true;
            // Some versions of the client look for a committed offset before they report an assignment; since then
            // there is a position.
            return List.of();
        } catch (RecordDeserializationException e) {
            orderly = true;
            // Kafka was polled all the same, and the next poll will end like this one.
            shares.claimLost(System.nanoTime());
            throw e;
        } catch (KafkaException e) {
            orderly = true;
            throw KafkaErrors.refusal(groupId, e)
                    .map(RuntimeException.class::cast)
                    .orElse(e);
        } finally {
            if (!orderly) {
                // Such as an Error in a deserializer: records of other partitions may have been fetched and never
                // returned.
                shares.loseAll("a poll failed");
            }
        }
    }

    private List<Stretch<K, V>> take(ConsumerRecords<K, V> records) {
        // A revocation that was due has been processed now.
        shares.claimLost(System.nanoTime());
        Set<TopicPartition> read = new HashSet<>(records.nextOffsets().keySet());
        read.addAll(records.partitions());
        List<Stretch<K, V>> taken = new ArrayList<>();
        for (TopicPartition partition : read) {
            Share share = shares.get(partition);
            if (share != null && share.claim != null && share.is(State.READING)) {
                take(share, share.claim, records).ifPresent(taken::add);
            }
        }
        shares.polled(records.count());
        return taken;
    }

    /**
     * An interceptor may return records without where reading continues behind them, or nothing at all. Kafka's client may throw here
     * what a poll throws, so this comes before records are taken, which would be lost.
     */
    private void followPositions() {
        for (Share share : shares.takeUnmoved()) {
            seeks.reached(share.partition).ifPresent(next -> reach(share, next));
        }
    }

    private Optional<Stretch<K, V>> take(Share share, Claim claim, ConsumerRecords<K, V> records) {
        OffsetAndMetadata place = records.nextOffsets().get(share.partition);
        Position next = place == null ? null : Seeks.position(place);
        Optional<Stretch<K, V>> stretch = Stretch.of(claim, share.fetched, records.records(share.partition), next);
        Position reached = stretch.isPresent() ? stretch.get().end() : next;
        if (reached != null) {
            reach(share, reached);
        }
        return stretch;
    }

    private static void reach(Share share, Position next) {
        if (next.nextOffset() > share.fetched.nextOffset()) {
            if (!share.hasTail()) {
                share.tailSince = System.nanoTime();
            }
            share.fetched = next;
        }
    }

    private void outOfRange(OffsetOutOfRangeException e) {
        Map<Claim, Long> positions = new HashMap<>();
        e.offsetOutOfRangePartitions().forEach((partition, offset) -> {
            Share share = shares.get(partition);
            if (share != null) {
                shares.explaining(share);
                if (share.claim != null) {
                    positions.put(share.claim, offset);
                }
            }
        });
        shares.publish();
        Map<TopicPartition, Long> divergent = new HashMap<>();
        if (e instanceof LogTruncationException truncation) {
            truncation.divergentOffsets().forEach((partition, place) -> divergent.put(partition, place.offset()));
        }
        control.explain(positions, e instanceof LogTruncationException, divergent);
    }

    /** Beyond transaction markers, aborted and compacted data; so that lag comes to 0. */
    void moveTails(long now) {
        Map<Claim, Position> moves = new HashMap<>();
        for (Share share : shares.in(State.READING, State.EXPLAINING)) {
            if (share.claim != null && share.hasTail() && now - share.tailSince >= TAIL.toNanos()) {
                moves.put(share.claim, share.fetched);
            }
        }
        if (moves.isEmpty()) {
            return;
        }
        Set<TopicPartition> moved = Set.of();
        try {
            moved = control.advance(moves).get(MOVE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            // The poll that follows throws.
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("positions without records did not move group={}", groupId, e);
        }
        for (Map.Entry<Claim, Position> move : moves.entrySet()) {
            Share share = shares.get(move.getKey().partition());
            if (share == null) {
                continue;
            }
            if (moved.contains(share.partition)) {
                share.claim = move.getKey().at(move.getValue());
            } else {
                shares.lose(share, "its position did not move");
            }
        }
        shares.publish();
    }

    private Duration slice(long left) {
        Duration most = shares.in(State.CLAIMING).isEmpty() ? SLICE : SHORT;
        return left <= 0 ? Duration.ZERO : left < most.toNanos() ? Duration.ofNanos(left) : most;
    }
}
