package dev.tidemark.doctor;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether Kafka will keep the records that a group has not read yet for long enough. Pure. */
final class RetentionChecks {
    private static final String SECTION = "retention";
    private static final Duration URGENT = Duration.ofHours(1);
    private static final Duration SOON = Duration.ofDays(1);

    /** Below this, the movement of the log's start says little about its rate. */
    private static final Duration SHORT = Duration.ofMinutes(1);

    private RetentionChecks() {}

    /**
     * How long a topic keeps records.
     *
     * @param deletes whether it removes old ones at all; a compacted topic does not
     * @param time {@code retention.ms}; null for unlimited
     */
    record Retention(boolean deletes, @Nullable Duration time) {}

    /**
     * A partition with something left to read.
     *
     * @param behind how many offsets
     * @param recordAt the approximate timestamp of the next record to read; null if unknown
     * @param margin offsets between the log's start and the next to read
     * @param moved offsets by which the log's start moved since it was sampled; null if it never was
     * @param since how long ago that was
     */
    record Lagging(
            int partition,
            long behind,
            @Nullable Instant recordAt,
            long margin,
            @Nullable Long moved,
            Duration since) {}

    static Finding unknown(String group, String topic, String why) {
        return Finding.warn(
                SECTION,
                "expiry",
                "group " + group + ": topic " + topic + ": unknown when records expire: " + why,
                "kafka-acls --add --allow-principal User:<user> --operation DescribeConfigs --topic " + topic);
    }

    static List<Finding> judge(String group, String topic, Retention retention, List<Lagging> lagging, Instant now) {
        String name = "group " + group + ": topic " + topic;
        if (!retention.deletes()) {
            return List.of(Finding.ok(SECTION, "expiry", name + " does not remove records by age (compact)"));
        }
        List<Finding> bad = new ArrayList<>();
        for (Lagging partition : lagging) {
            Duration left = left(retention, partition, now);
            if (left != null) {
                Verdict verdict = verdict(left, retention.time());
                if (verdict != Verdict.OK) {
                    bad.add(new Finding(
                            SECTION, "expiry", verdict, name + " " + words(partition, left), fix(topic, retention)));
                }
            }
        }
        String kept =
                retention.time() == null ? "forever, limited only by size" : "for " + Durations.words(retention.time());
        return Finding.each(
                bad,
                Finding.ok(
                        SECTION,
                        "expiry",
                        name + " keeps records " + kept + ": what is left to read will not expire soon"));
    }

    /** Time until the next record to read may be removed; null if no removal is expected. */
    private static @Nullable Duration left(Retention retention, Lagging partition, Instant now) {
        Duration byAge = retention.time() == null || partition.recordAt() == null
                ? null
                : Duration.between(now, partition.recordAt().plus(retention.time()));
        Duration byPace = byPace(partition);
        Duration least = byAge == null || (byPace != null && byPace.compareTo(byAge) < 0) ? byPace : byAge;
        return least != null && least.isNegative() ? Duration.ZERO : least;
    }

    private static @Nullable Duration byPace(Lagging partition) {
        Long moved = partition.moved();
        if (moved == null || moved <= 0 || partition.since().compareTo(SHORT) < 0) {
            return null;
        }
        double millis = (double) partition.since().toMillis() * partition.margin() / moved;
        return Duration.ofMillis((long) millis);
    }

    private static Verdict verdict(Duration left, @Nullable Duration retention) {
        if (left.compareTo(atMost(URGENT, retention, 20)) <= 0) {
            return Verdict.FAIL;
        }
        return left.compareTo(atMost(SOON, retention, 4)) <= 0 ? Verdict.WARN : Verdict.OK;
    }

    /** If records are kept for only an hour, an hour is not a warning. */
    private static Duration atMost(Duration limit, @Nullable Duration retention, int part) {
        return retention == null || retention.dividedBy(part).compareTo(limit) > 0 ? limit : retention.dividedBy(part);
    }

    private static String words(Lagging partition, Duration left) {
        String when =
                left.isZero() ? "may expire at any moment" : "expires in " + Durations.words(left) + " at this rate";
        return "partition " + partition.partition() + " " + when + ": " + partition.behind()
                + " offsets are still to be read";
    }

    private static String fix(String topic, Retention retention) {
        Duration kept = retention.time();
        return "let the group catch up, or keep records longer: kafka-configs --alter --entity-type topics --entity-name "
                + topic + " --add-config retention.ms="
                + (kept == null ? "..." : Math.min(kept.toMillis(), Long.MAX_VALUE / 2) * 2)
                + (kept == null ? " and retention.bytes" : "");
    }
}
