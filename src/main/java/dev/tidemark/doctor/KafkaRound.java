package dev.tidemark.doctor;

import dev.tidemark.doctor.GroupFacts.Binding;
import dev.tidemark.doctor.GroupFacts.Place;
import dev.tidemark.doctor.KafkaQuestions.Cluster;
import dev.tidemark.doctor.RetentionChecks.Lagging;
import dev.tidemark.doctor.RetentionChecks.Retention;
import dev.tidemark.doctor.TopicChecks.Bounds;
import dev.tidemark.internal.command.PastedCommand;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.jspecify.annotations.Nullable;

/** Queries Kafka about groups, and passes the results to the checks. */
final class KafkaRound {
    private final KafkaQuestions kafka;

    KafkaRound(KafkaQuestions kafka) {
        this.kafka = kafka;
    }

    /** What this user may do with that group. */
    Finding groupRights(String group) {
        String what = "group " + group;
        String option = "--group " + PastedCommand.quoted(group);
        try {
            return BrokerChecks.mayRead(what, option, kafka.groupRights(group));
        } catch (GroupAuthorizationException e) {
            return BrokerChecks.denied(what, option);
        }
    }

    /** The members of a group that hold its partitions. */
    List<Finding> members(GroupFacts facts) {
        try {
            return GroupChecks.members(facts, kafka.holders(facts.group()));
        } catch (GroupAuthorizationException e) {
            // Reported with the rights.
            return List.of();
        }
    }

    /** The topics of a group, one after the other. */
    List<Finding> topics(Cluster cluster, GroupFacts facts) {
        List<Finding> findings = new ArrayList<>();
        for (Binding binding : facts.bindings()) {
            try {
                findings.addAll(topic(cluster, facts, binding));
            } catch (TopicAuthorizationException e) {
                findings.add(BrokerChecks.denied("topic " + binding.topic(), "--topic " + binding.topic()));
            }
        }
        return findings;
    }

    private List<Finding> topic(Cluster cluster, GroupFacts facts, Binding binding) {
        String name = binding.topic();
        Optional<TopicDescription> description = kafka.topic(name);
        if (description.isEmpty()) {
            // It need not exist on another cluster.
            return List.of(TopicChecks.otherTopic(
                            facts.group(), binding, new TopicChecks.Topic(cluster.id(), null, binding.partitions()))
                    .orElseGet(() -> TopicChecks.missing(facts.group(), name)));
        }
        TopicChecks.Topic topic = KafkaQuestions.identity(cluster.id(), description.get());
        List<Finding> findings = new ArrayList<>();
        findings.add(BrokerChecks.mayRead(
                "topic " + name, "--topic " + name, description.get().authorizedOperations()));
        Optional<Finding> other = TopicChecks.otherTopic(facts.group(), binding, topic);
        if (other.isPresent()) {
            findings.add(other.get());
            return findings;
        }
        Map<Integer, Place> places = facts.placesOf(name);
        findings.addAll(TopicChecks.judge(facts.group(), binding, topic, places));
        Set<TopicPartition> there = new HashSet<>();
        places.values().stream()
                .map(Place::partition)
                .filter(partition -> partition.partition() < topic.partitions())
                .forEach(there::add);
        Map<TopicPartition, Bounds> logs = kafka.bounds(there);
        findings.addAll(TopicChecks.inside(facts.group(), name, places, logs));
        findings.addAll(retention(facts, name, logs));
        return findings;
    }

    private List<Finding> retention(GroupFacts facts, String topic, Map<TopicPartition, Bounds> logs) {
        Retention retention;
        try {
            retention = kafka.retention(topic);
        } catch (AuthorizationException e) {
            return List.of(
                    RetentionChecks.unknown(facts.group(), topic, "this user may not read the topic's configuration"));
        }
        Map<TopicPartition, Place> behind = new HashMap<>();
        facts.placesOf(topic).values().forEach(place -> {
            Bounds log = logs.get(place.partition());
            if (log != null && place.stored() >= log.start() && place.stored() < log.end()) {
                behind.put(place.partition(), place);
            }
        });
        Instant now = Instant.now();
        Map<TopicPartition, Instant> times = times(retention, behind, now);
        List<Lagging> lagging = behind.values().stream()
                .sorted((a, b) ->
                        Integer.compare(a.partition().partition(), b.partition().partition()))
                .map(place -> lagging(
                        place,
                        Objects.requireNonNull(logs.get(place.partition())),
                        times.get(place.partition()),
                        facts.readAt()))
                .toList();
        return RetentionChecks.judge(facts.group(), topic, retention, lagging, now);
    }

    private Map<TopicPartition, Instant> times(Retention retention, Map<TopicPartition, Place> behind, Instant now) {
        if (!retention.deletes() || retention.time() == null) {
            return Map.of();
        }
        Map<TopicPartition, Long> offsets = new HashMap<>();
        behind.forEach((partition, place) -> offsets.put(partition, place.stored()));
        // A very long retention would reach back before 1970.
        Duration reach =
                retention.time().compareTo(Duration.ofDays(10_000)) > 0 ? Duration.ofDays(10_000) : retention.time();
        return kafka.times(offsets, now.minus(reach), now);
    }

    private static Lagging lagging(Place place, Bounds log, @Nullable Instant recordAt, Instant readAt) {
        Long sampled = place.logStart();
        Instant at = place.sampledAt();
        return new Lagging(
                place.partition().partition(),
                log.end() - place.stored(),
                recordAt,
                place.stored() - log.start(),
                sampled == null ? null : log.start() - sampled,
                at == null ? Duration.ZERO : Duration.between(at, readAt));
    }
}
