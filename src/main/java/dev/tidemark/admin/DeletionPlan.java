package dev.tidemark.admin;

import dev.tidemark.internal.admin.PlannedFor;
import java.util.List;

/**
 * Deletes a group, for {@link TidemarkAdmin#execute(DeletionPlan, ChangeOptions)}: these topics as they are bound, with whatever the
 * group has of them by then. Immutable.
 */
public final class DeletionPlan {
    private final PlannedFor plannedFor;
    private final List<Topic> topics;
    private final boolean forced;

    /**
     * What is deleted of a topic. Components may be added.
     *
     * @param partitions stored offsets
     * @param ownedPartitions those that a consumer has claimed
     * @param deadLetters parked records that wait to be redriven or dropped
     * @param supersededDeadLetters parked records that are to be read again from the log
     * @param pauses those of the topic, of its partitions and of the whole group
     */
    public record Topic(
            String topic,
            long partitions,
            long ownedPartitions,
            long deadLetters,
            long supersededDeadLetters,
            long pauses) {}

    DeletionPlan(PlannedFor plannedFor, List<Topic> topics, boolean forced) {
        this.plannedFor = plannedFor;
        this.topics = List.copyOf(topics);
        this.forced = forced;
    }

    /** The group. */
    public String group() {
        return plannedFor.group();
    }

    PlannedFor plannedFor() {
        return plannedFor;
    }

    /** What is deleted, topic by topic. */
    public List<Topic> topics() {
        return topics;
    }

    /**
     * The same plan, which deletes even if partitions are owned, for example after a consumer was killed, or dead letters remain. A
     * consumer that still runs starts again at its start position.
     */
    public DeletionPlan forced() {
        return new DeletionPlan(plannedFor, topics, true);
    }

    /** Whether it deletes although partitions are owned or dead letters remain. */
    public boolean isForced() {
        return forced;
    }

    /** Whether the store would have refused it at the time of planning. */
    public boolean isRefused() {
        return !forced && ownedPartitions() + deadLetters() > 0;
    }

    /** Partitions that a consumer has claimed. */
    public long ownedPartitions() {
        return topics.stream().mapToLong(Topic::ownedPartitions).sum();
    }

    /** Parked records that wait to be redriven or dropped. */
    public long deadLetters() {
        return topics.stream().mapToLong(Topic::deadLetters).sum();
    }

    @Override
    public String toString() {
        StringBuilder words = new StringBuilder("delete group " + group() + (forced ? ", forced" : ""));
        topics.forEach(topic -> words.append(System.lineSeparator()).append(topic));
        return words.toString();
    }
}
