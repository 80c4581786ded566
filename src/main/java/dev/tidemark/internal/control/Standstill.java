package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Detects partitions that have nothing to do and do not move, although their log has more. Whatever the reason is, nothing else would
 * show it: they look as if they had read everything. Pure; not thread-safe.
 */
final class Standstill {
    /** A client or a broker that was away is back by then; it is also the default of {@code transaction.timeout.ms}. */
    static final Duration LONG = Duration.ofMinutes(1);

    /** Between samples that are further apart, Kafka or this process may have been away. */
    static final Duration APART = Duration.ofSeconds(30);

    private final String groupId;
    private final Duration limit;
    private Map<TopicPartition, Seen> seen = Map.of();
    private long last;

    /**
     * What the last sample showed, and all before it since a moment.
     *
     * @param claim with the position that did not move
     * @param behind whether that is where an open transaction begins
     * @param why what is wrong; null until it has lasted
     */
    private record Seen(
            Claim claim,
            boolean behind,
            long since,
            @Nullable TidemarkException why) {}

    /**
     * @param fetchMaxWait how long a broker may hold a fetch; it adds to the time after which a partition counts as standing still
     */
    Standstill(String groupId, Duration fetchMaxWait) {
        this.groupId = groupId;
        this.limit = LONG.plus(fetchMaxWait);
    }

    /**
     * What was sampled.
     *
     * @param idle the claims of partitions that are read and have nothing to do, as they were before the ends were sampled
     * @param readable the ends of what the group may read
     * @param ends the ends of what there is
     * @param now monotonic, in nanoseconds
     */
    void sampled(
            Map<TopicPartition, Claim> idle,
            Map<TopicPartition, Long> readable,
            Map<TopicPartition, Long> ends,
            long now) {
        Map<TopicPartition, Seen> before = now - last > APART.toNanos() ? Map.of() : seen;
        Map<TopicPartition, Seen> next = new HashMap<>();
        idle.forEach((partition, claim) -> {
            long position = claim.position().nextOffset();
            long end = ends.getOrDefault(partition, 0L);
            if (position < end) {
                boolean behind = OpenTransactions.isBehind(position, readable.getOrDefault(partition, end), end);
                next.put(partition, judged(before.get(partition), new Seen(claim, behind, now, null), end, now));
            }
        });
        seen = next;
        last = now;
    }

    private Seen judged(@Nullable Seen before, Seen found, long end, long now) {
        if (before == null || !before.claim().equals(found.claim()) || before.behind() != found.behind()) {
            return found;
        }
        if (before.why() != null || now - before.since() < limit.toNanos()) {
            return before;
        }
        return new Seen(before.claim(), before.behind(), before.since(), error(before, end));
    }

    private TidemarkException error(Seen stands, long end) {
        TopicPartition partition = stands.claim().partition();
        long position = stands.claim().position().nextOffset();
        return stands.behind()
                ? OpenTransactions.error(groupId, partition, position)
                : new TidemarkException(
                        ErrorCode.NO_PROGRESS,
                        "group " + groupId + ": topic " + partition.topic() + " partition " + partition.partition()
                                + " has been at offset " + position + " for " + limit.toSeconds()
                                + " seconds, although its log goes on to "
                                + end + ": Kafka's client returns nothing of it. Look at what the client and the"
                                + " partition's leader log, and restart the consumer",
                        null);
    }

    /** The partitions that were at the same position in several samples, with their claims: the client may know of a later one. */
    Map<TopicPartition, Claim> unmoved() {
        Map<TopicPartition, Claim> unmoved = new HashMap<>();
        seen.forEach((partition, stands) -> {
            if (stands.since() != last) {
                unmoved.put(partition, stands.claim());
            }
        });
        return unmoved;
    }

    /**
     * The partitions that have not moved for long, with the reason. The words stay the same while it lasts. None if nothing was sampled
     * recently: they may have moved.
     *
     * @param now monotonic, in nanoseconds
     */
    Map<TopicPartition, TidemarkException> found(long now) {
        Map<TopicPartition, TidemarkException> found = new HashMap<>();
        if (now - last > APART.toNanos()) {
            return found;
        }
        seen.forEach((partition, stands) -> {
            if (stands.why() != null) {
                found.put(partition, stands.why());
            }
        });
        return found;
    }

    /** Nothing is held any more. */
    void forget() {
        seen = Map.of();
    }
}
