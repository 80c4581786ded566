package dev.tidemark.internal.admin;

import dev.tidemark.StartPosition;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Queries Kafka about topics and their logs, for one call. */
public final class KafkaLog implements AutoCloseable {
    private final Admin admin;
    private final boolean own;
    private final TopicLookup lookup;

    private KafkaLog(Admin admin, boolean own, TopicLookup lookup) {
        this.admin = admin;
        this.own = own;
        this.lookup = lookup;
    }

    /**
     * A partition's log in Kafka.
     *
     * @param start the first offset that Kafka still holds
     * @param end the offset after the last record that the group may read
     * @param since the first offset at or after the given time; the end if no time was given, or no record is that recent
     */
    public record Log(long start, long end, long since) {}

    /** Opens it for a group. */
    public static KafkaLog open(KafkaAccess kafka, String group) {
        KafkaSettings.checkGroup(group);
        Admin admin = kafka.clients().get();
        return new KafkaLog(admin, kafka.own(), new TopicLookup(admin, group, kafka.isolation()));
    }

    Admin admin() {
        return admin;
    }

    /** The ids and sizes of topics, which must all exist (TM-307). */
    public Map<String, Identity> identities(Collection<String> topics) throws KafkaUnavailableException {
        Map<String, Identity> identities = lookup.identities(topics);
        Set<String> missing = new TreeSet<>(topics);
        missing.removeAll(identities.keySet());
        if (!missing.isEmpty()) {
            throw lookup.missing(missing);
        }
        return identities;
    }

    /** The group's committed offsets, for all partitions of the topics in which it has committed any. */
    public Map<TopicPartition, Long> committed(Set<TopicPartition> known) throws KafkaUnavailableException {
        Set<String> topics = new TreeSet<>();
        known.forEach(partition -> topics.add(partition.topic()));
        Set<TopicPartition> asked = new HashSet<>(known);
        lookup.identities(topics).forEach((topic, identity) -> {
            for (int p = 0; p < identity.partitions(); p++) {
                asked.add(new TopicPartition(topic, p));
            }
        });
        return lookup.offsets().committed(asked);
    }

    /**
     * The log of each partition of these topics.
     *
     * @param instant the time to search for; null for none
     */
    public Map<TopicPartition, Log> logs(Map<String, Identity> topics, @Nullable Instant instant)
            throws KafkaUnavailableException {
        Map<TopicPartition, Log> logs = new HashMap<>();
        for (Map.Entry<String, Identity> topic : topics.entrySet()) {
            String name = topic.getKey();
            int partitions = topic.getValue().partitions();
            Map<Integer, Long> starts = lookup.offsets().earliest(name, partitions);
            Map<Integer, Long> ends = lookup.offsets().starts(name, partitions, StartPosition.latest(), Instant.EPOCH);
            Map<Integer, Long> since = instant == null
                    ? ends
                    : lookup.offsets().starts(name, partitions, StartPosition.at(instant), Instant.EPOCH);
            for (int p = 0; p < partitions; p++) {
                long end = ends.getOrDefault(p, 0L);
                logs.put(
                        new TopicPartition(name, p),
                        new Log(starts.getOrDefault(p, 0L), end, since.getOrDefault(p, end)));
            }
        }
        return logs;
    }

    @Override
    public void close() {
        if (own) {
            admin.close(Duration.ofSeconds(1));
        }
    }
}
