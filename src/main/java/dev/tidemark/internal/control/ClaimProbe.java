package dev.tidemark.internal.control;

import dev.tidemark.errors.FencedException;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** Detects lost claims and new pauses when nothing else would. Used by the control thread. */
final class ClaimProbe {
    private final ControlContext context;
    private final PauseWatch pauses;

    ClaimProbe(ControlContext context, PauseWatch pauses) {
        this.context = context;
        this.pauses = pauses;
    }

    /** Detects pauses, moved offsets and claims by others while a partition was idle. */
    void probe(Collection<Claim> claims) throws SQLException {
        Set<TopicPartition> fenced = context.inStore(c -> {
            pauses.look(c);
            return context.store().fenced(c, claims);
        });
        if (!fenced.isEmpty()) {
            context.events().lost(of(claims, fenced), new FencedException(context.groupId(), fenced));
        }
    }

    private static List<Claim> of(Collection<Claim> claims, Set<TopicPartition> partitions) {
        return claims.stream()
                .filter(claim -> partitions.contains(claim.partition()))
                .toList();
    }
}
