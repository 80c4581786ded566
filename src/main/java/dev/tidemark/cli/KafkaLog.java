package dev.tidemark.cli;

import dev.tidemark.StartPosition;
import dev.tidemark.cli.OffsetPlanner.Log;
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

/** What a command asks Kafka about topics and their logs. */
final class KafkaLog implements AutoCloseable {
    private final Admin admin;
    private final TopicLookup lookup;

    private KafkaLog(Admin admin, TopicLookup lookup) {
        this.admin = admin;
        this.lookup = lookup;
    }

    static KafkaLog open(KafkaOptions kafka, String group) {
        KafkaSettings settings = kafka.settings(group);
        Admin admin = kafka.admin(group);
        return new KafkaLog(admin, new TopicLookup(admin, group, settings.isolationLevel()));
    }

    Admin admin() {
        return admin;
    }

    /** The ids and sizes of topics, which must all exist (TM-307). */
    Map<String, Identity> identities(Collection<String> topics) throws KafkaUnavailableException {
        Map<String, Identity> identities = lookup.identities(topics);
        Set<String> missing = new TreeSet<>(topics);
        missing.removeAll(identities.keySet());
        if (!missing.isEmpty()) {
            throw lookup.missing(missing);
        }
        return identities;
    }

    /** What the group has committed, in all partitions of the topics that it has committed anything of. */
    Map<TopicPartition, Long> committed(Set<TopicPartition> known) throws KafkaUnavailableException {
        Set<String> topics = new TreeSet<>();
        known.forEach(partition -> topics.add(partition.topic()));
        Set<TopicPartition> asked = new HashSet<>(known);
        lookup.identities(topics).forEach((topic, identity) -> {
            for (int p = 0; p < identity.partitions(); p++) {
                asked.add(new TopicPartition(topic, p));
            }
        });
        return lookup.committed(asked);
    }

    /** The log of each partition of these topics, as a selector needs it. */
    Map<TopicPartition, Log> logs(Map<String, Identity> topics, Selector selector) throws KafkaUnavailableException {
        Map<TopicPartition, Log> logs = new HashMap<>();
        for (Map.Entry<String, Identity> topic : topics.entrySet()) {
            String name = topic.getKey();
            int partitions = topic.getValue().partitions();
            Map<Integer, Long> starts = lookup.earliest(name, partitions);
            Map<Integer, Long> ends = lookup.starts(name, partitions, StartPosition.latest(), Instant.EPOCH);
            Map<Integer, Long> since = selector instanceof Selector.Since at
                    ? lookup.starts(name, partitions, StartPosition.at(at.instant()), Instant.EPOCH)
                    : ends;
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
        admin.close(Duration.ofSeconds(1));
    }
}
