package dev.tidemark.internal.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which member holds which partition of a group, according to Kafka. READ or DESCRIBE on the group is enough, and nothing fails
 * without it.
 */
public final class GroupLookup {
    private static final Logger LOG = LoggerFactory.getLogger(GroupLookup.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Admin admin;
    private final String groupId;

    public GroupLookup(Admin admin, String groupId) {
        this.admin = admin;
        this.groupId = groupId;
    }

    /** The member that each partition is assigned to, as text; empty if Kafka does not say. */
    public Map<TopicPartition, String> holders() {
        try {
            return holders(Objects.requireNonNull(admin.describeConsumerGroups(List.of(groupId))
                            .describedGroups()
                            .get(groupId))
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (ExecutionException | TimeoutException | RuntimeException e) {
            Throwable why = e.getCause() == null ? e : e.getCause();
            LOG.debug(
                    "Kafka does not say who is in the group group={} cause={}",
                    groupId,
                    why.getClass().getSimpleName());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Map.of();
    }

    /** The member that each partition of a group is assigned to, as text. */
    public static Map<TopicPartition, String> holders(ConsumerGroupDescription group) {
        Map<TopicPartition, String> holders = new HashMap<>();
        for (MemberDescription member : group.members()) {
            String words = member.clientId() + " on " + member.host() + " (member " + member.consumerId() + ")";
            member.assignment().topicPartitions().forEach(partition -> holders.put(partition, words));
        }
        return holders;
    }
}
