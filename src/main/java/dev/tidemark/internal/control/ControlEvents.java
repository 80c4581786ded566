package dev.tidemark.internal.control;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.offsets.Claim;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Events from the control thread to the poll thread. Every method returns at once. */
public interface ControlEvents {
    /** Claims were made, for the assignments they were requested for. */
    void claimed(Map<ClaimedPartition, Long> assignments);

    /** A claim is impossible until the cause is fixed. */
    void refused(TopicPartition partition, long assignment, TidemarkException why);

    /** Claims are being retried; the reason is transient. */
    void waiting(Collection<TopicPartition> partitions, TidemarkException why);

    /** What the open units of these partitions wait for, or what keeps them from being retried; no others wait. */
    void waits(Map<TopicPartition, TidemarkException> found);

    /** All pauses; reported when they have changed, and before the claims that they concern. */
    void pauses(Pauses now);

    /** The table shows that these claims are gone. */
    void lost(Collection<Claim> claims, TidemarkException why);

    /** Something is wrong with these partitions' log. */
    void halted(Collection<Claim> claims, TidemarkException why);

    /** The offsets after the last readable records, just sampled. */
    void logEnds(Map<TopicPartition, Long> ends);

    /** Partitions that had nothing to do and did not move, although their logs have more: the client may know of a later position. */
    void unmoved(Map<TopicPartition, Claim> idle);

    /** Topics that do not exist, as an error; null if all of them do. */
    void missing(@Nullable TidemarkException why);

    /** Topics that a pattern matched once and that are no longer seen, as an error; null if there are none. Reported at each check. */
    void unseen(@Nullable TidemarkException why);

    /** What a bounded run still has to do. */
    void unfinished(Unfinished left);

    /** Partitions that other members of the group hold and never claimed, with these members as text; reported at each check. */
    void heldByForeignMembers(Map<TopicPartition, String> holders);

    /** The whole consumer cannot continue. */
    void failed(TidemarkException why);
}
