package dev.tidemark.internal.plan;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.command.PastedCommand;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides whether stored offsets belong to the topic that Kafka has, and whether partitions are still to be bound. */
public final class BindingPlanner {
    private BindingPlanner() {}

    /**
     * A topic by its ids.
     *
     * @param topicId as Kafka prints it; empty if the brokers assign no topic ids; then only the cluster counts
     * @param partitions how many partitions it has, or had when it was bound
     */
    public record Identity(String clusterId, Optional<String> topicId, int partitions) {}

    /** What has to be done before a claim. */
    public enum Binding {
        /** All partitions have their rows. */
        COMPLETE,
        /** The topic is new to the group: every partition begins at the start position. */
        FIRST,
        /** The topic has grown: new partitions begin at their first record. */
        GROWN
    }

    /** Compares what is stored, null if nothing is, with what Kafka has. */
    public static Binding plan(@Nullable Identity stored, Identity actual) {
        if (stored == null || stored.partitions() == 0) {
            return Binding.FIRST;
        }
        return stored.partitions() < actual.partitions() ? Binding.GROWN : Binding.COMPLETE;
    }

    private static final String OR_ELSEWHERE = ", or to another target; --execute does it";

    /** The reason why these stored offsets must not be used for that topic; empty if they belong together. */
    public static Optional<TidemarkException> mismatch(
            String schema, String groupId, String topic, Identity stored, Identity actual) {
        String rebind = PastedCommand.inSchema(PastedCommand.rebind(groupId, topic), schema);
        if (!stored.clusterId().equals(actual.clusterId())) {
            return Optional.of(new LogMismatchException(
                    ErrorCode.OTHER_CLUSTER,
                    "the stored offsets of group " + groupId + " for topic " + topic + " belong to Kafka cluster "
                            + stored.clusterId() + ", and this is cluster " + actual.clusterId()
                            + ": connect to the right cluster, or continue with this one: "
                            + rebind + OR_ELSEWHERE,
                    null));
        }
        if (stored.topicId().isPresent()
                && actual.topicId().isPresent()
                && !stored.topicId().equals(actual.topicId())) {
            return Optional.of(new LogMismatchException(
                    ErrorCode.OTHER_TOPIC,
                    "the stored offsets of group " + groupId + " belong to topic " + topic + " with id "
                            + stored.topicId().get() + ", and the topic of that name now has id "
                            + actual.topicId().get()
                            + ": it was deleted and created again; to continue with the new one: "
                            + rebind + OR_ELSEWHERE,
                    null));
        }
        return Optional.empty();
    }
}
