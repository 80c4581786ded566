package dev.tidemark.internal.loop;

import dev.tidemark.internal.plan.Stretch;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What one poll returned, and what was reported about it since. Any thread may report. */
final class Handout {
    /** One partition of it. */
    private static final class Part {
        private final UUID token;
        private final long begin;
        private final long end;
        private Position reached;
        private boolean fenced;

        Part(Claim claim, Position end) {
            this.token = claim.token();
            this.begin = claim.position().nextOffset();
            this.reached = claim.position();
            this.end = end.nextOffset();
        }
    }

    /**
     * The result for one of its partitions.
     *
     * @param token of the claim that it was fetched under
     * @param reached up to where it was confirmed
     * @param moved whether any of it was
     * @param complete whether all of it was
     * @param fenced whether an advance was refused for it
     * @param swept whether an advance was refused for another partition, and this one's was undone with it
     */
    record Outcome(UUID token, Position reached, boolean moved, boolean complete, boolean fenced, boolean swept) {}

    private final Map<TopicPartition, Part> parts = new HashMap<>();

    Handout(Collection<? extends Stretch<?, ?>> stretches) {
        stretches.forEach(s -> parts.put(s.claim().partition(), new Part(s.claim(), s.end())));
    }

    /**
     * The next stretch of each of these partitions has committed; what does not directly follow the part confirmed before does not
     * count.
     */
    synchronized void confirm(Collection<? extends Stretch<?, ?>> stretches) {
        for (Stretch<?, ?> stretch : stretches) {
            Part part = parts.get(stretch.claim().partition());
            if (part != null
                    && part.reached.nextOffset() == stretch.claim().position().nextOffset()) {
                part.reached = stretch.end();
            }
        }
    }

    synchronized void fenced(Set<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            Part part = parts.get(partition);
            if (part != null) {
                part.fenced = true;
            }
        }
    }

    synchronized Set<TopicPartition> partitions() {
        return new HashSet<>(parts.keySet());
    }

    /** Null if nothing of the partition was returned. */
    synchronized @Nullable Outcome outcome(TopicPartition partition) {
        Part part = parts.get(partition);
        if (part == null) {
            return null;
        }
        long reached = part.reached.nextOffset();
        boolean swept = !part.fenced && parts.values().stream().anyMatch(other -> other.fenced);
        return new Outcome(part.token, part.reached, reached > part.begin, reached >= part.end, part.fenced, swept);
    }
}
