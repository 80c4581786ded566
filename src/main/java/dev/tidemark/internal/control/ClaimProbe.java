package dev.tidemark.internal.control;

import dev.tidemark.errors.FencedException;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.table.GroupGlance;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Detects lost claims and new pauses when nothing else would. Used by the control thread. */
final class ClaimProbe {
    private final ControlContext context;
    private final PauseWatch pauses;
    private final GroupGlance glance;

    /** What a glance showed just before all was looked at; null before that. */
    private GroupGlance.@Nullable Seen unchanged;

    ClaimProbe(ControlContext context, PauseWatch pauses) {
        this.context = context;
        this.pauses = pauses;
        this.glance = new GroupGlance(context.options().schema(), context.groupId());
    }

    /** Detects pauses, moved offsets and claims by others while a partition was idle. */
    void probe(Collection<Claim> claims) throws SQLException {
        GroupGlance.Seen seen = glance(claims);
        if (seen != null && unchanged != null && seen.shows(claims.size(), unchanged)) {
            return;
        }
        unchanged = null;
        Set<TopicPartition> fenced = context.inStore(c -> {
            pauses.look(c);
            return context.store().fenced(c, claims);
        });
        unchanged = seen;
        if (!fenced.isEmpty()) {
            context.events().lost(of(claims, fenced), new FencedException(context.groupId(), fenced));
        }
    }

    /** Null if the tables are locked: whoever looks at all of them waits longer. */
    private GroupGlance.@Nullable Seen glance(Collection<Claim> claims) throws SQLException {
        try {
            return context.connection().look(glance.query(), (s, c) -> glance.bind(s, c, claims), GroupGlance::read);
        } catch (SQLException e) {
            if (SqlFailures.facts(e).is("55P03")) {
                return null;
            }
            throw e;
        }
    }

    private static List<Claim> of(Collection<Claim> claims, Set<TopicPartition> partitions) {
        return claims.stream()
                .filter(claim -> partitions.contains(claim.partition()))
                .toList();
    }
}
