package dev.tidemark.internal.control;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.offsets.Claim;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What the control thread has to tell the poll thread. Every method returns at once. */
public interface ControlEvents {
    /** Claims were made, for the assignments they were asked for. */
    void claimed(Map<ClaimedPartition, Long> assignments);

    /** A claim is impossible until somebody mends the cause. */
    void refused(TopicPartition partition, long assignment, TidemarkException why);

    /** Claims are being tried again; the reason passes. */
    void waiting(Collection<TopicPartition> partitions, TidemarkException why);

    /** What the open units of these partitions wait for, or what keeps them from being tried again; no others wait. */
    void waits(Map<TopicPartition, TidemarkException> found);

    /** All that a person has paused; told when it has changed, and before the claims that it concerns. */
    void pauses(Pauses now);

    /** The table shows that these claims are gone. */
    void lost(Collection<Claim> claims, TidemarkException why);

    /** Something is wrong with these partitions' log. */
    void halted(Collection<Claim> claims, TidemarkException why);

    /** The offsets after the last readable records, just sampled. */
    void logEnds(Map<TopicPartition, Long> ends);

    /** Topics that do not exist, as an error; null while all of them do. */
    void missing(@Nullable TidemarkException why);

    /**
     * The partitions that a bounded run has still to read, whoever reads them.
     *
     * @param halted those that halted since it began
     * @param wrong those of them whose stored offsets do not belong to the log that there is now, with the reason
     */
    void unfinished(
            Set<TopicPartition> partitions, Set<TopicPartition> halted, Map<TopicPartition, TidemarkException> wrong);

    /** Partitions that other members of the group hold and never claimed, with these members in words; told at each look. */
    void heldByStrangers(Map<TopicPartition, String> holders);

    /** The whole consumer cannot go on. */
    void failed(TidemarkException why);
}
