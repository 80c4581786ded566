package dev.tidemark.internal.run;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Members of the group that are not Tidemark consumers, as in the middle of a rolling migration: what they read does not reach the
 * database. One log line when the first is seen and one when the last is gone. The control thread reports them; any thread may
 * read.
 */
public final class ForeignMembers {
    private static final Logger LOG = LoggerFactory.getLogger(ForeignMembers.class);

    /** At most this many are listed. */
    private static final int NAMED = 10;

    private final String groupId;
    private final boolean untilEnd;
    private volatile Map<TopicPartition, String> holders = Map.of();

    public ForeignMembers(String groupId, boolean untilEnd) {
        this.groupId = groupId;
        this.untilEnd = untilEnd;
    }

    /** What they hold now. */
    public void hold(Map<TopicPartition, String> now) {
        boolean before = !holders.isEmpty();
        holders = Map.copyOf(now);
        if (!now.isEmpty() && !before) {
            LOG.warn(
                    "partitions are held by others group={} error=\"{}\"",
                    groupId,
                    problem().map(Problem::toString).orElse(""));
        } else if (now.isEmpty() && before) {
            LOG.info("no partition is held by others any more group={}", groupId);
        }
    }

    /** As text, with the partitions and their holders; empty if there are none. */
    public Optional<Problem> problem() {
        Map<TopicPartition, String> now =
                new TreeMap<>(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
        now.putAll(holders);
        if (now.isEmpty()) {
            return Optional.empty();
        }
        List<String> named = new ArrayList<>();
        now.forEach((partition, holder) -> {
            if (named.size() < NAMED) {
                named.add(partition + " by " + holder);
            }
        });
        return Optional.of(new Problem(
                ErrorCode.FOREIGN_MEMBERS,
                "group " + groupId + ": " + now.size()
                        + (now.size() == 1 ? " partition is" : " partitions are")
                        + " held by members of the group that are not Tidemark consumers of this store, so their records do not take effect"
                        + " here: " + String.join(", ", named) + (now.size() > NAMED ? ", ..." : "")
                        + (untilEnd ? "; the run waits for them" : "")));
    }
}
