package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.Verdict;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The records of a consumer that were given up since the last success that counts, by topic and kind of failure. A record is counted
 * before it is given up, as the workers judge theirs at the same time. Thread-safe.
 */
final class GivenUpRecords {
    /** More make no difference, and records with evidence of their own may be many. */
    private static final int MOST_REMEMBERED = 100;

    private final Map<String, Map<String, Alike>> byTopic = new ConcurrentHashMap<>();

    /** How many without evidence of their own were given up before the partition was claimed, by whichever process. */
    private final Map<TopicPartition, Integer> before = new ConcurrentHashMap<>();

    /** Records that failed in the same way, and whether none of them was blamed; guarded by the object around it. */
    private static final class Alike {
        final boolean inDatabase;
        final Set<RecordId> records = new HashSet<>();

        /** Those of them without evidence of their own. */
        final Set<RecordId> unproven = new HashSet<>();

        /** The partitions that halted since none of their records was blamed. */
        final Set<TopicPartition> together = new HashSet<>();

        Alike(boolean inDatabase) {
            this.inDatabase = inDatabase;
        }
    }

    /**
     * Counts a record that is about to be given up; whoever does it twice with the same record counts it once.
     *
     * @param limited whether it is refused if there are {@link Verdict#MOST_WITHOUT_EVIDENCE} others already
     * @return whether it may be given up
     */
    synchronized boolean reserve(RecordId record, SqlFacts failure, boolean limited) {
        String topic = record.partition().topic();
        Alike alike = alike(topic, failure);
        Set<RecordId> others = countedWith(topic, alike);
        boolean enough = others.size() + before(topic) >= Verdict.MOST_WITHOUT_EVIDENCE && !others.contains(record);
        if (limited && (!alike.together.isEmpty() || enough)) {
            return false;
        }
        if (alike.records.size() < MOST_REMEMBERED) {
            alike.records.add(record);
        }
        if (limited) {
            alike.unproven.add(record);
        }
        return true;
    }

    /** It was certainly not given up. */
    synchronized void release(RecordId record, SqlFacts failure) {
        String topic = record.partition().topic();
        Alike alike = byTopic.getOrDefault(topic, Map.of()).get(failure.kind());
        if (alike != null) {
            alike.records.remove(record);
            alike.unproven.remove(record);
            forget(topic, given -> given.records.isEmpty() && given.together.isEmpty());
        }
    }

    /** Records fail like this and none of their topic succeeds, so that none of them was blamed; this partition halts. */
    synchronized void failTogether(TopicPartition partition, SqlFacts failure) {
        alike(partition.topic(), failure).together.add(partition);
    }

    /**
     * A partition is claimed, of which this many were given up without evidence of their own; whatever is known about it here is
     * among them, or was set back.
     */
    synchronized void claimed(TopicPartition partition, int unproven) {
        byTopic.getOrDefault(partition.topic(), Map.of()).values().forEach(given -> {
            given.records.removeIf(record -> record.partition().equals(partition));
            given.unproven.removeIf(record -> record.partition().equals(partition));
            if (unproven == 0) {
                given.together.remove(partition);
            }
        });
        forget(partition.topic(), given -> given.records.isEmpty() && given.together.isEmpty());
        if (unproven == 0) {
            before.remove(partition);
        } else {
            before.put(partition, unproven);
        }
    }

    /** How many of a partition were given up, or are about to be, without evidence of their own. */
    synchronized int unproven(TopicPartition partition) {
        Set<RecordId> here = new HashSet<>();
        byTopic.getOrDefault(partition.topic(), Map.of())
                .values()
                .forEach(given -> given.unproven.stream()
                        .filter(record -> record.partition().equals(partition))
                        .forEach(here::add));
        return here.size() + before.getOrDefault(partition, 0);
    }

    /**
     * Of the partition that has most: a success in another partition does not set back what is stored with one, so that the sum over
     * many quiet partitions, each ending with a bad record, would soon halt all of them.
     */
    private int before(String topic) {
        return before.entrySet().stream()
                .filter(entry -> entry.getKey().topic().equals(topic))
                .mapToInt(Map.Entry::getValue)
                .max()
                .orElse(0);
    }

    /**
     * A record of this topic succeeded.
     *
     * @param counts whether that is evidence, for failures that are in the database or not
     */
    void succeeded(String topic, Predicate<Boolean> counts) {
        if (hasAny(topic)) {
            clear(topic, counts);
        }
    }

    private synchronized void clear(String topic, Predicate<Boolean> counts) {
        forget(topic, given -> counts.test(given.inDatabase));
        if (counts.test(false)) {
            // Of those that are left, it is known at least that not everything failed.
            byTopic.getOrDefault(topic, Map.of()).values().forEach(given -> given.unproven.clear());
            before.keySet().removeIf(partition -> partition.topic().equals(topic));
        }
    }

    private void forget(String topic, Predicate<Alike> which) {
        Map<String, Alike> kinds = byTopic.get(topic);
        if (kinds != null) {
            kinds.values().removeIf(which);
            if (kinds.isEmpty()) {
                byTopic.remove(topic);
            }
        }
    }

    private Alike alike(String topic, SqlFacts failure) {
        return byTopic.computeIfAbsent(topic, t -> new HashMap<>())
                .computeIfAbsent(failure.kind(), k -> new Alike(failure.fromDatabase()));
    }

    /** Whether any was given up, or failed together with others. */
    boolean hasAny(String topic) {
        return byTopic.containsKey(topic) || before(topic) > 0;
    }

    /**
     * How many failed in this way, or in any way without evidence of their own: an outage need not look the same to every record.
     * {@link Verdict#FAILED_TOGETHER} if some failed in this way and none of them was blamed.
     */
    synchronized int count(String topic, String kind) {
        Alike alike = byTopic.getOrDefault(topic, Map.of()).get(kind);
        return alike != null && !alike.together.isEmpty()
                ? Verdict.FAILED_TOGETHER
                : countedWith(topic, alike).size() + before(topic);
    }

    private Set<RecordId> countedWith(String topic, @Nullable Alike alike) {
        Set<RecordId> counted = new HashSet<>(alike == null ? Set.of() : alike.records);
        byTopic.getOrDefault(topic, Map.of()).values().forEach(any -> counted.addAll(any.unproven));
        return counted;
    }
}
