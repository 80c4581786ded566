package dev.tidemark.doctor;

import dev.tidemark.doctor.GroupFacts.Letters;
import dev.tidemark.doctor.GroupFacts.Pause;
import dev.tidemark.doctor.GroupFacts.Place;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.command.PastedCommand;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The state of a group, from what the database knows. Pure. */
final class GroupChecks {
    private static final String SECTION = "group";

    /** Owners sample every few seconds, and record an unchanged log end once a minute. */
    private static final Duration STALE = Duration.ofMinutes(2);

    private GroupChecks() {}

    static Finding unknown(String group, List<String> known) {
        return Finding.warn(
                SECTION,
                "known",
                "the store holds no group " + group + " yet; "
                        + (known.isEmpty() ? "it holds none" : "it holds " + String.join(", ", known)),
                "nothing, if its consumer never ran; otherwise fix the name");
    }

    static List<Finding> judge(GroupFacts facts) {
        List<Finding> findings = new ArrayList<>();
        findings.addAll(Finding.each(
                facts.places().stream()
                        .filter(place -> place.state().equals("halted"))
                        .map(place -> halted(facts.group(), place))
                        .toList(),
                Finding.ok(SECTION, "halted", of(facts) + "no partition has halted")));
        findings.addAll(Finding.each(
                facts.places().stream()
                        .filter(place -> place.state().equals("waiting"))
                        .map(place -> waiting(facts.group(), place))
                        .toList(),
                Finding.ok(SECTION, "waiting", of(facts) + "no partition waits")));
        findings.addAll(Finding.each(
                facts.pauses().stream()
                        .map(pause -> paused(facts.group(), pause))
                        .toList(),
                Finding.ok(SECTION, "paused", of(facts) + "nothing is paused")));
        findings.addAll(Finding.each(
                facts.letters().stream()
                        .map(letters -> parked(facts.group(), letters))
                        .toList(),
                Finding.ok(SECTION, "dead letters", of(facts) + "nothing is parked")));
        findings.add(samples(facts));
        return findings;
    }

    private static String of(GroupFacts facts) {
        return "group " + facts.group() + ": ";
    }

    private static Finding halted(String group, Place place) {
        String topic = place.partition().topic();
        int partition = place.partition().partition();
        String code = Objects.requireNonNullElse(place.errorCode(), "an error");
        String text = Objects.requireNonNullElse(place.errorText(), "no reason recorded");
        boolean isOtherLog = code.equals(ErrorCode.OTHER_CLUSTER.code()) || code.equals(ErrorCode.OTHER_TOPIC.code());
        return Finding.fail(
                SECTION,
                "halted",
                "group " + group + ": topic " + topic + " partition " + partition + " has halted with " + code + ": "
                        // It begins with its code.
                        + (text.startsWith(code + ": ") ? text.substring(code.length() + 2) : text),
                isOtherLog
                        ? "connect to the right cluster, or bind the offsets to the current topic: "
                                + PastedCommand.rebind(group, topic) + ", or to another target; --execute does it"
                        : "fix the cause (docs/errors.md), then let it try again: "
                                + PastedCommand.reset(group, topic, partition) + " --to-current --execute");
    }

    private static Finding waiting(String group, Place place) {
        return Finding.warn(
                SECTION,
                "waiting",
                "group " + group + ": topic " + place.partition().topic() + " partition "
                        + place.partition().partition() + " waits since " + place.waitingSince() + ": "
                        + Objects.requireNonNullElse(place.errorText(), "no reason recorded"),
                "end what it waits for, or wait: it resumes by itself (docs/errors.md)");
    }

    private static Finding paused(String group, Pause pause) {
        String what = pause.topic() == null
                ? "the whole group"
                : "topic " + pause.topic() + (pause.partition() == null ? "" : " partition " + pause.partition());
        return Finding.warn(
                SECTION,
                "paused",
                "group " + group + ": " + what + " was paused by " + pause.by() + " at " + pause.at()
                        + (pause.reason() == null ? "" : ": " + pause.reason()),
                PastedCommand.resume(group, pause.topic(), pause.partition()));
    }

    private static Finding parked(String group, Letters letters) {
        String code = letters.errorCode();
        return Finding.warn(
                SECTION,
                "dead letters",
                "group " + group + ": topic " + letters.topic() + " has " + letters.count() + " dead letters "
                        + (code == null ? "parked behind one of their key" : "with " + code),
                PastedCommand.deadLetters(group, letters.topic()) + ", then redrive or drop them");
    }

    /**
     * Whether each partition that Kafka assigns to a member has been claimed by one.
     *
     * @param holders the members, as text
     */
    static List<Finding> members(GroupFacts facts, Map<TopicPartition, String> holders) {
        List<Finding> bad = new ArrayList<>();
        for (GroupFacts.Binding binding : facts.bindings()) {
            Map<Integer, Place> places = facts.placesOf(binding.topic());
            numbers(binding.topic(), holders).forEach((partition, holder) -> {
                if (!isOurs(facts, places.get(partition))) {
                    bad.add(Finding.warn(
                            SECTION,
                            "members",
                            of(facts) + "topic " + binding.topic() + " partition " + partition + " is held by " + holder
                                    + ", which has not claimed it: none of its records take effect here (TM-311)",
                            "nothing, if that consumer has only just started; if it is not a Tidemark consumer, stop it, and its"
                                    + " partitions go to the others"));
                }
            });
        }
        return Finding.each(
                bad, Finding.ok(SECTION, "members", of(facts) + "every partition that Kafka assigns has been claimed"));
    }

    private static Map<Integer, String> numbers(String topic, Map<TopicPartition, String> holders) {
        Map<Integer, String> numbers = new TreeMap<>();
        holders.forEach((partition, holder) -> {
            if (partition.topic().equals(topic)) {
                numbers.put(partition.partition(), holder);
            }
        });
        return numbers;
    }

    /** A process that was killed stays the owner of its partitions, but no longer samples their logs. */
    private static boolean isOurs(GroupFacts facts, @Nullable Place place) {
        if (place == null) {
            return false;
        }
        Instant sampled = place.sampledAt();
        boolean fresh = sampled != null && !sampled.isBefore(facts.readAt().minus(STALE));
        return place.owner() == null ? place.state().equals("halted") : fresh;
    }

    private static Finding samples(GroupFacts facts) {
        Instant limit = facts.readAt().minus(STALE);
        List<Place> stale = facts.places().stream()
                .filter(place -> place.sampledAt() == null || place.sampledAt().isBefore(limit))
                .toList();
        if (stale.isEmpty()) {
            return Finding.ok(SECTION, "samples", of(facts) + "its owners sample the log");
        }
        TreeSet<String> owners = new TreeSet<>();
        stale.stream().map(Place::owner).filter(Objects::nonNull).forEach(owners::add);
        String since = stale.stream()
                .map(Place::sampledAt)
                .filter(Objects::nonNull)
                .min(Instant::compareTo)
                .map(oldest -> "for " + Durations.words(Duration.between(oldest, facts.readAt())))
                .orElse("yet");
        String finding = of(facts) + "no owner has sampled the log of " + stale.size() + " of "
                + facts.places().size() + " partitions " + since + ", so their lag is unknown";
        return owners.isEmpty()
                ? Finding.warn(SECTION, "samples", finding + ": they have no owner", "start its consumers")
                : Finding.warn(
                        SECTION,
                        "samples",
                        finding + "; they are still owned by " + String.join(", ", owners),
                        "start its consumers, which take over from one that was killed");
    }
}
