package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.store.claim.TopicBindings;
import dev.tidemark.internal.thread.Host;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reports which of the named topics do not exist, and remembers since when, for the next process too. Used by the control thread. */
final class TopicProbe {
    /**
     * A broker without contact to the controller does not learn of new topics; the controller fences it after 9 s, by Kafka's
     * default. One that starts may not know the old ones yet.
     */
    private static final Duration CERTAIN_AFTER = Duration.ofSeconds(10);

    /** A reply that came late says nothing more, so it takes some within that time. */
    private static final int CERTAIN_LOOKS = 3;

    private final ControlContext context;
    private final TopicLookup lookup;
    private final TopicBindings bindings;
    private final Map<String, Instant> missingAt = new HashMap<>();
    private final Map<String, Absence> absences = new HashMap<>();
    private final Set<String> recorded = new HashSet<>();
    private final Set<String> certain = new HashSet<>();
    private boolean topicsMissing;

    /**
     * Checks in a row that did not find a topic.
     *
     * @param since when the first one ended, by {@link System#nanoTime}
     */
    private record Absence(long since, int looks) {
        Absence again(Absence one) {
            return new Absence(since, looks + one.looks);
        }

        boolean isCertain(long now) {
            return looks >= CERTAIN_LOOKS && now - since >= CERTAIN_AFTER.toNanos();
        }
    }

    TopicProbe(ControlContext context) {
        this.context = context;
        this.lookup = context.lookup();
        this.bindings = context.store().bindings();
    }

    /** Reports which of the named topics do not exist. */
    void lookForTopics(Set<String> names) throws SQLException, KafkaUnavailableException {
        Set<String> missing = new HashSet<>(names);
        missing.removeAll(lookup.identities(names).keySet());
        topicsMissing = !missing.isEmpty();
        Instant now = Instant.now();
        Absence look = new Absence(Host.nanoTime(), 1);
        absences.keySet().retainAll(missing);
        missing.forEach(name -> {
            missingAt.putIfAbsent(name, now);
            absences.merge(name, look, Absence::again);
        });
        context.events().missing(missing.isEmpty() ? null : lookup.missing(missing));
        if (context.options().reading().startDependsOnWaiting()) {
            record(missing);
            recordCertain(look.since());
        }
    }

    /** Reports which of the topics that are bound, and that a pattern matches, this user does not see: nobody assigns their partitions. */
    void lookForBound() throws SQLException, KafkaUnavailableException {
        Set<String> bound =
                new HashSet<>(context.connection().inTransaction(bindings::all).keySet());
        bound.removeIf(topic -> !context.options().reading().subscription().includes(topic));
        context.events().unseen(bound.isEmpty() ? null : lookup.unseen(bound).orElse(null));
    }

    /** The next process may find that the topic exists, and must not take that for the group's first start. */
    private void record(Set<String> missing) throws SQLException {
        Set<String> unrecorded = new TreeSet<>(missing);
        unrecorded.removeAll(recorded);
        for (String topic : unrecorded) {
            Instant unused = context.inStore(c -> bindings.await(c, topic));
            recorded.add(topic);
        }
    }

    /** Brokers may be out of date, but not for so long; so what has that name later is created later. */
    private void recordCertain(long now) throws SQLException, KafkaUnavailableException {
        Set<String> found = new TreeSet<>();
        absences.forEach((topic, absence) -> {
            if (absence.isCertain(now) && !certain.contains(topic)) {
                found.add(topic);
            }
        });
        if (found.isEmpty()) {
            return;
        }
        String cluster = lookup.clusterId();
        context.inStore(c -> {
            for (String topic : found) {
                bindings.absent(c, topic, cluster);
            }
            return found.size();
        });
        certain.addAll(found);
    }

    /** Whether a check of this group found for certain that this topic did not exist; false if it does not matter. */
    boolean wasAbsent(String topic, String clusterId) throws SQLException {
        return context.options().reading().startDependsOnWaiting()
                && context.inStore(c -> bindings.wasAbsent(c, topic, clusterId));
    }

    /**
     * When a check of this group first found that this topic does not exist, by the earlier of this process's and the server's clock;
     * empty if none did, or if it does not matter.
     */
    Optional<Instant> missingAt(String topic) throws SQLException {
        if (!context.options().reading().startDependsOnWaiting()) {
            return Optional.empty();
        }
        Optional<Instant> seen = Optional.ofNullable(missingAt.get(topic));
        Optional<Instant> stored = context.inStore(c -> bindings.awaitedSince(c, topic));
        return seen.isPresent() && stored.isPresent()
                ? seen.filter(here -> here.isBefore(stored.get())).or(() -> stored)
                : seen.or(() -> stored);
    }

    /** What the last check for topics found. */
    boolean areTopicsMissing() {
        return topicsMissing;
    }
}
