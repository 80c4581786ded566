package dev.tidemark.admin;

import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.PlannedFor;
import dev.tidemark.internal.admin.StoredGroup;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Commits stored offsets to Kafka, for {@link TidemarkAdmin#execute(KafkaExportPlan)}. Immutable. */
public final class KafkaExportPlan {
    private final PlannedFor plannedFor;
    private final PartitionSelection selection;
    private final List<Row> rows;
    private final List<String> members;

    /** What the export does. Constants may be added. */
    public enum Outcome {
        /** Kafka has what was stored when it was planned. */
        COMMITTED,
        /** Nothing was written, and nothing needs to be: the group is active, and its consumers commit what is stored. */
        MIRRORED
    }

    /** A partition, with data that only the commit needs. */
    record Row(
            TopicPartition partition,
            OptionalLong committed,
            long stored,
            @Nullable Integer leaderEpoch) {}

    /**
     * A partition's two offsets. Components may be added.
     *
     * @param committedOffset what Kafka has; empty if it has none
     */
    public record Offsets(TopicPartition partition, OptionalLong committedOffset, long storedOffset) {}

    KafkaExportPlan(PlannedFor plannedFor, PartitionSelection selection, List<Row> rows, List<String> members) {
        this.plannedFor = plannedFor;
        this.selection = selection;
        this.rows = List.copyOf(rows);
        this.members = List.copyOf(members);
    }

    /** The group. */
    public String group() {
        return plannedFor.group();
    }

    PlannedFor plannedFor() {
        return plannedFor;
    }

    Set<String> topics() {
        return rows.stream().map(row -> row.partition().topic()).collect(Collectors.toSet());
    }

    /** Refuses offsets that the group has left since (TM-603): what they would be committed over is newer. */
    void requireStored(StoredGroup stored) {
        Map<TopicPartition, Long> now = new HashMap<>();
        stored.rows().forEach(row -> now.put(row.partition(), row.nextOffset()));
        for (Row row : rows) {
            Long there = now.get(row.partition());
            if (there == null || there != row.stored()) {
                throw OperatorErrors.refused(
                        "topic " + row.partition().topic() + " partition "
                                + row.partition().partition() + " of group " + group() + " was at " + row.stored()
                                + " when this was planned, and is at " + (there == null ? "no offset" : there)
                                + " now: nothing was committed; stop its consumers, and plan it again",
                        null);
            }
        }
    }

    /** The partitions, by topic and number. */
    public List<Offsets> offsets() {
        return rows.stream()
                .map(row -> new Offsets(row.partition(), row.committed(), row.stored()))
                .toList();
    }

    /** The group's members in Kafka at planning, by client id and host; Kafka accepts offsets only for a group without members. */
    public List<String> members() {
        return members;
    }

    PartitionSelection selection() {
        return selection;
    }

    Map<TopicPartition, OffsetAndMetadata> commits() {
        Map<TopicPartition, OffsetAndMetadata> commits = new HashMap<>();
        rows.forEach(row -> commits.put(
                row.partition(), new OffsetAndMetadata(row.stored(), Optional.ofNullable(row.leaderEpoch()), "")));
        return commits;
    }

    @Override
    public String toString() {
        StringBuilder words = new StringBuilder("group " + group());
        rows.forEach(row -> words.append(System.lineSeparator())
                .append(row.partition())
                .append(row.committed().isPresent() ? " " + row.committed().getAsLong() : " (none)")
                .append(" -> ")
                .append(row.stored()));
        return words.toString();
    }
}
