package dev.tidemark.doctor;

import dev.tidemark.doctor.GroupFacts.Binding;
import dev.tidemark.doctor.GroupFacts.Place;
import dev.tidemark.internal.command.PastedCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Whether a group's offsets refer to the topics that Kafka has now, and lie inside their logs. Pure. */
final class TopicChecks {
    private static final String SECTION = "topics";

    private TopicChecks() {}

    /**
     * A topic as Kafka has it now.
     *
     * @param id null if its brokers give topics no id
     */
    record Topic(String clusterId, @Nullable String id, int partitions) {}

    /** The first offset that a partition holds, and the one after the last that may be read. */
    record Bounds(long start, long end) {}

    static Finding missing(String group, String topic) {
        return Finding.fail(
                SECTION,
                "exists",
                "group " + group + ": topic " + topic + " does not exist (TM-307)",
                "create it, or, if the group is no longer needed: " + PastedCommand.delete(group));
    }

    /** Compares the ids; nothing else matters if they are wrong. */
    static Optional<Finding> otherTopic(String group, Binding binding, Topic topic) {
        String fix = "connect to the right cluster, or bind the offsets to the current topic: "
                + PastedCommand.rebind(group, binding.topic()) + ", or to another target; --execute does it";
        String whose = "group " + group + ": the offsets for topic " + binding.topic() + " belong to ";
        if (!binding.clusterId().equals(topic.clusterId())) {
            return Optional.of(Finding.fail(
                    SECTION,
                    "cluster id",
                    whose + "cluster " + binding.clusterId() + ", and this is " + topic.clusterId() + " (TM-301)",
                    fix));
        }
        String bound = binding.topicId();
        String there = topic.id();
        if (bound != null && there != null && !bound.equals(there)) {
            return Optional.of(Finding.fail(
                    SECTION,
                    "topic id",
                    whose + "topic id " + bound + ", and the topic of that name is " + there
                            + " now: it was created again (TM-302)",
                    fix));
        }
        return Optional.empty();
    }

    static List<Finding> judge(String group, Binding binding, Topic topic, Map<Integer, Place> places) {
        List<Finding> findings = new ArrayList<>();
        String name = "group " + group + ": topic " + binding.topic();
        findings.add(Finding.ok(SECTION, "ids", name + " is the one that its offsets belong to"));
        if (topic.partitions() < binding.partitions()) {
            findings.add(Finding.fail(
                    SECTION,
                    "partitions",
                    name + " has " + topic.partitions() + " partitions, and " + binding.partitions() + " are bound",
                    "find out which topic this is; to continue with it: " + PastedCommand.rebind(group, binding.topic())
                            + ", or to another target; --execute does it"));
        } else if (topic.partitions() > binding.partitions()) {
            findings.add(Finding.warn(
                    SECTION,
                    "partitions",
                    name + " has " + topic.partitions() + " partitions, and " + binding.partitions()
                            + " are bound: others were added",
                    "nothing: a running consumer binds them, from their earliest offsets"));
        } else {
            findings.add(
                    Finding.ok(SECTION, "partitions", name + " has " + topic.partitions() + " partitions, all bound"));
        }
        List<Finding> rows = new ArrayList<>();
        for (int partition = 0; partition < binding.partitions(); partition++) {
            if (!places.containsKey(partition)) {
                rows.add(Finding.fail(
                        SECTION,
                        "rows",
                        name + " partition " + partition + " is bound and has no row in stored_offset (TM-303)",
                        "insert it again with the offset where reading is to continue"));
            }
        }
        findings.addAll(
                Finding.each(rows, Finding.ok(SECTION, "rows", name + " has a stored offset for each partition")));
        return findings;
    }

    /** Whether the stored offsets lie inside the log; partitions without bounds are left out. */
    static List<Finding> inside(
            String group, String topic, Map<Integer, Place> places, Map<TopicPartition, Bounds> logs) {
        List<Finding> bad = new ArrayList<>();
        places.forEach((number, place) -> {
            Bounds log = logs.get(place.partition());
            if (log != null) {
                outside(group, place, log).ifPresent(bad::add);
            }
        });
        return Finding.each(
                bad,
                Finding.ok(
                        SECTION,
                        "offsets",
                        "group " + group + ": topic " + topic + ": all stored offsets are in the log"));
    }

    private static Optional<Finding> outside(String group, Place place, Bounds log) {
        String where = "group " + group + ": topic " + place.partition().topic() + " partition "
                + place.partition().partition() + ": ";
        String reset = PastedCommand.reset(
                group, place.partition().topic(), place.partition().partition());
        if (place.stored() < log.start()) {
            return Optional.of(Finding.fail(
                    SECTION,
                    "offsets",
                    where + "the stored offset " + place.stored() + " is below the log, which begins at " + log.start()
                            + ": " + (log.start() - place.stored()) + " offsets are gone (TM-304)",
                    reset + " --to-earliest --execute continues without them"));
        }
        return place.stored() > log.end()
                ? Optional.of(Finding.fail(
                        SECTION,
                        "offsets",
                        where + "the stored offset " + place.stored() + " is beyond the log, which ends at " + log.end()
                                + " (TM-305)",
                        "find out what happened to the topic, then " + reset + " --to-offset N --execute"))
                : Optional.empty();
    }
}
