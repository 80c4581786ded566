package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reports which of the named topics do not exist. Used by the control thread. */
final class TopicProbe {
    private final TopicLookup lookup;
    private final ControlEvents events;
    private final Map<String, Instant> missingAt = new HashMap<>();
    private boolean topicsMissing;

    TopicProbe(TopicLookup lookup, ControlEvents events) {
        this.lookup = lookup;
        this.events = events;
    }

    /** Reports which of the named topics do not exist. */
    void lookForTopics(Set<String> names) throws KafkaUnavailableException {
        Set<String> missing = new HashSet<>(names);
        missing.removeAll(lookup.identities(names).keySet());
        topicsMissing = !missing.isEmpty();
        Instant now = Instant.now();
        missing.forEach(name -> missingAt.putIfAbsent(name, now));
        events.missing(missing.isEmpty() ? null : lookup.missing(missing));
    }

    /** When a check first found that this topic does not exist; empty if none did. */
    Optional<Instant> missingAt(String topic) {
        return Optional.ofNullable(missingAt.get(topic));
    }

    /** What the last check for topics found. */
    boolean areTopicsMissing() {
        return topicsMissing;
    }
}
