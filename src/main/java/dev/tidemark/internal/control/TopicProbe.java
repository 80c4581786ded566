package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import java.util.HashSet;
import java.util.Set;

/** Reports which of the named topics do not exist. Used by the control thread. */
final class TopicProbe {
    private final TopicLookup lookup;
    private final ControlEvents events;
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
        events.missing(missing.isEmpty() ? null : lookup.missing(missing));
    }

    /** What the last check for topics found. */
    boolean areTopicsMissing() {
        return topicsMissing;
    }
}
