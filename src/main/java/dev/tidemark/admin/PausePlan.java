package dev.tidemark.admin;

import dev.tidemark.internal.admin.PlannedFor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/**
 * A pause or a resume, and what it means for each partition, for {@link TidemarkAdmin#execute(PausePlan, ChangeOptions)}. It is about
 * names, not offsets: it holds for whatever these topics are bound to by then, but only in the offset store that it was planned for.
 * Immutable.
 */
public final class PausePlan {
    private final String group;
    private final PlannedFor plannedFor;
    private final boolean resume;
    private final PartitionSelection selection;
    private final List<Partition> partitions;

    /** The scope of a pause. Constants may be added. */
    public enum Extent {
        /** The whole group. */
        GROUP,
        /** All partitions of a topic. */
        TOPIC,
        /** One partition. */
        PARTITION
    }

    /**
     * A selected partition. Components may be added.
     *
     * @param storedOffset its stored offset
     * @param lag in records, as its owner last sampled it; empty before that
     * @param owner the consumer that has claimed it; empty if none has
     * @param before the extent of the widest pause that applies to it; empty if none does
     * @param after the same once the plan has been executed
     */
    public record Partition(
            TopicPartition partition,
            long storedOffset,
            OptionalLong lag,
            Optional<String> owner,
            Optional<Extent> before,
            Optional<Extent> after) {}

    PausePlan(PlannedFor plannedFor, boolean resume, PartitionSelection selection, List<Partition> partitions) {
        this.group = plannedFor.group();
        this.plannedFor = plannedFor;
        this.resume = resume;
        this.selection = selection;
        this.partitions = List.copyOf(partitions);
    }

    /** The group. */
    public String group() {
        return group;
    }

    /** Whether it ends pauses; otherwise it creates them. */
    public boolean isResume() {
        return resume;
    }

    /** What is paused or resumed. */
    public PartitionSelection selection() {
        return selection;
    }

    /** The selected partitions, by topic and number. */
    public List<Partition> partitions() {
        return partitions;
    }

    PlannedFor plannedFor() {
        return plannedFor;
    }

    /** The same plan with the current pauses. */
    PausePlan done(Pauses now) {
        return new PausePlan(
                plannedFor,
                resume,
                selection,
                partitions.stream()
                        .map(p -> new Partition(
                                p.partition(),
                                p.storedOffset(),
                                p.lag(),
                                p.owner(),
                                p.before(),
                                extent(now, p.partition())))
                        .toList());
    }

    @Override
    public String toString() {
        StringBuilder words = new StringBuilder((resume ? "resume" : "pause") + " group " + group + ", " + selection);
        partitions.forEach(p -> words.append(System.lineSeparator())
                .append(p.partition())
                .append(" paused before: ")
                .append(p.before().map(Extent::name).orElse("no"))
                .append(", after: ")
                .append(p.after().map(Extent::name).orElse("no")));
        return words.toString();
    }

    /** What pauses a partition; empty if nothing does. */
    static Optional<Extent> extent(Pauses pauses, TopicPartition partition) {
        return pauses.stopping(partition)
                .map(pause -> pause.topic() == null
                        ? Extent.GROUP
                        : pause.partition() == null ? Extent.TOPIC : Extent.PARTITION);
    }
}
