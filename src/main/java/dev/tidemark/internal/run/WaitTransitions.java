package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.offsets.Claim;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** How assigned partitions start and stop waiting for transient problems. Used by the poll thread. */
final class WaitTransitions {
    private static final Logger LOG = LoggerFactory.getLogger(WaitTransitions.class);

    private final String groupId;
    private final Assignment assigned;

    WaitTransitions(String groupId, Assignment assigned) {
        this.groupId = groupId;
        this.assigned = assigned;
    }

    void retrying(Collection<Claim> claims, TidemarkException why) {
        for (AssignedPartition slot : holding(claims)) {
            if (slot.is(PartitionState.RUNNING)) {
                assigned.update(slot, s -> {
                    s.failed(why);
                    s.become(PartitionState.RETRYING);
                });
                PartitionLog.log(groupId, Level.WARN, "retrying", slot.partition, why);
            } else if (slot.is(PartitionState.RETRYING)) {
                assigned.update(slot, s -> s.stillFailing(why));
            }
        }
    }

    void recovered(Collection<Claim> claims) {
        for (AssignedPartition slot : holding(claims)) {
            if (slot.is(PartitionState.RETRYING)) {
                AssignedPartition.DatedProblem over = slot.problem();
                assigned.update(slot, s -> {
                    s.clear();
                    s.become(PartitionState.RUNNING);
                });
                try (MDC.MDCCloseable unused = LogContext.about(slot.partition)) {
                    LOG.info(
                            "recovered group={} partition={} retried_since={}",
                            groupId,
                            slot.partition,
                            over == null ? "" : over.at());
                }
            }
        }
    }

    void waiting(Collection<TopicPartition> partitions, TidemarkException why) {
        for (TopicPartition partition : partitions) {
            AssignedPartition slot = assigned.slot(partition);
            if (slot != null && slot.is(PartitionState.CLAIMING)) {
                assigned.update(slot, s -> s.stillFailing(why));
            }
        }
    }

    /** What units wait for; those of other partitions do not wait. */
    void waits(Map<TopicPartition, TidemarkException> found) {
        for (AssignedPartition slot : assigned.inState(PartitionState.values())) {
            boolean under = slot.is(PartitionState.RUNNING, PartitionState.RETRYING);
            TidemarkException why = under ? found.get(slot.partition) : null;
            assigned.update(slot, s -> s.waitsFor(why));
        }
    }

    private List<AssignedPartition> holding(Collection<Claim> claims) {
        return claims.stream()
                .map(claim -> {
                    AssignedPartition slot = assigned.slot(claim.partition());
                    return Optional.ofNullable(slot != null && slot.holds(claim) ? slot : null);
                })
                .flatMap(Optional::stream)
                .toList();
    }
}
