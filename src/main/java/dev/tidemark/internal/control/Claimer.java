package dev.tidemark.internal.control;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.BindingPlanner.Binding;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.claim.ClaimStore.ClaimResult;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.lock.LockHolders;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Binds topics that are not bound yet and claims partitions. Used by the control thread. */
final class Claimer {
    /** A row is locked for the length of an advance and its commit; a longer lock is waited for in turns. */
    private static final Duration ROW_PATIENCE = Duration.ofMillis(500);

    private final TopicLookup lookup;
    private final ClaimStore store;
    private final ControlContext context;
    private final LockHolders holders;
    private final PauseWatch pauses;
    private final ReadPlan reading;
    private final String groupId;
    private final String owner;
    private final Consumer<Map<String, Identity>> seen;
    private final TopicProbe missing;

    /**
     * @param seen receives the topics for which claims were made
     * @param missing knows since when a topic was waited for
     */
    Claimer(
            ControlContext context,
            LockHolders holders,
            PauseWatch pauses,
            Consumer<Map<String, Identity>> seen,
            TopicProbe missing) {
        this.context = context;
        this.lookup = context.lookup();
        this.store = context.store();
        this.holders = holders;
        this.pauses = pauses;
        this.reading = context.options().reading();
        this.groupId = context.groupId();
        this.owner = context.options().owner();
        this.seen = seen;
        this.missing = missing;
    }

    /**
     * The result.
     *
     * @param locked locked rows, to be claimed one by one
     * @param later partitions that cannot be claimed yet, with the reason
     */
    record Claims(
            Map<TopicPartition, ClaimedPartition> claimed,
            Map<TopicPartition, TidemarkException> refused,
            Set<TopicPartition> locked,
            Map<TopicPartition, TidemarkException> later) {
        static Claims none() {
            return new Claims(new HashMap<>(), new HashMap<>(), new HashSet<>(), new HashMap<>());
        }

        void add(ClaimResult result) {
            claimed.putAll(result.claimed());
            refused.putAll(result.refused());
        }
    }

    /**
     * Claims all that are available without waiting.
     *
     * @param unlessOwned those of them that are refused if they have another owner
     */
    Claims claim(Collection<TopicPartition> partitions, Set<TopicPartition> unlessOwned)
            throws SQLException, KafkaUnavailableException {
        try {
            return claimNow(partitions, unlessOwned);
        } catch (SQLException e) {
            if (!SqlFailures.facts(e).is("55P03")) {
                throw e;
            }
            Claims claims = Claims.none();
            TidemarkException why = bindingLocked(topics(partitions), e);
            partitions.forEach(partition -> claims.later().put(partition, why));
            return claims;
        }
    }

    private Claims claimNow(Collection<TopicPartition> partitions, Set<TopicPartition> unlessOwned)
            throws SQLException, KafkaUnavailableException {
        Claims claims = Claims.none();
        Map<String, Identity> identities = lookup.identities(topics(partitions));
        bind(identities, partitions, claims);
        refuseOwned(unlessOwned, claims);

        List<TopicPartition> claimable = partitions.stream()
                .filter(p -> known(p, identities, claims) && !claims.refused().containsKey(p))
                .toList();
        if (!claimable.isEmpty()) {
            ClaimResult result = context.inStore(c -> claimHeedingPauses(c, identities, claimable, false));
            claims.add(result);
            claims.locked().addAll(result.locked());
            tellSeen(claims, identities);
        }
        return claims;
    }

    /** Claims one partition, waiting briefly if its row is locked. */
    Claims claimLocked(TopicPartition partition, boolean unlessOwned) throws SQLException, KafkaUnavailableException {
        Claims claims = Claims.none();
        refuseOwned(unlessOwned ? Set.of(partition) : Set.of(), claims);
        if (!claims.refused().isEmpty()) {
            return claims;
        }
        Map<String, Identity> identities = lookup.identities(Set.of(partition.topic()));
        if (!known(partition, identities, claims)) {
            return claims;
        }
        try {
            ClaimResult result = context.inStore(c -> {
                store.limitWait(c, ROW_PATIENCE);
                return claimHeedingPauses(c, identities, Set.of(partition), true);
            });
            claims.add(result);
            for (TopicPartition locked : result.locked()) {
                claims.later().put(locked, locked(locked, null));
            }
            tellSeen(claims, identities);
        } catch (SQLException e) {
            if (!SqlFailures.facts(e).is("55P03")) {
                throw e;
            }
            claims.later().put(partition, locked(partition, e));
        }
        return claims;
    }

    /** Pauses are reported before the claims that they concern. */
    private ClaimResult claimHeedingPauses(
            Connection c, Map<String, Identity> identities, Collection<TopicPartition> partitions, boolean wait)
            throws SQLException {
        ClaimResult result = store.claim(c, identities, partitions, owner, wait);
        pauses.look(c);
        return result;
    }

    /** Only what was claimed: the topic of a refused claim differs from the one for which other claims of that name were made. */
    private void tellSeen(Claims claims, Map<String, Identity> identities) {
        Map<String, Identity> claimed = new HashMap<>(identities);
        claimed.keySet()
                .retainAll(claims.claimed().keySet().stream()
                        .map(TopicPartition::topic)
                        .collect(Collectors.toSet()));
        seen.accept(claimed);
    }

    private void refuseOwned(Set<TopicPartition> partitions, Claims claims) throws SQLException {
        for (TopicPartition partition : partitions) {
            Optional<String> holder = context.inStore(c -> store.owner(c, partition));
            holder.filter(name -> !name.equals(owner))
                    .ifPresent(name -> claims.refused()
                            .put(
                                    partition,
                                    new FencedException(
                                            ErrorCode.FENCED,
                                            groupId,
                                            partition,
                                            "was claimed by " + name
                                                    + ", and a partition that was assigned manually is not"
                                                    + " claimed back: let one process have it")));
        }
    }

    private void bind(Map<String, Identity> identities, Collection<TopicPartition> partitions, Claims claims)
            throws SQLException, KafkaUnavailableException {
        Map<String, Binding> unbound = context.inStore(c -> store.bindings().missing(c, identities));
        for (Map.Entry<String, Binding> entry : unbound.entrySet()) {
            String topic = entry.getKey();
            Identity identity = identities.get(topic);
            if (identity == null) {
                continue;
            }
            try {
                // Both are resolved before the transaction, so that it never waits for a broker.
                Map<Integer, Long> earliest = lookup.offsets().earliest(topic, identity.partitions());
                Optional<Map<Integer, Long>> starts = entry.getValue() == Binding.FIRST
                        ? Optional.of(starts(topic, identity))
                        : Optional.empty();
                context.inStore(c -> {
                    store.bindings().bind(c, topic, identity, starts, earliest);
                    return topic;
                });
            } catch (TidemarkException e) {
                if (e.code() == ErrorCode.KAFKA_REFUSES || e.code() == ErrorCode.OTHER_STORE) {
                    throw e;
                }
                partitions.stream()
                        .filter(p -> p.topic().equals(topic))
                        .forEach(p -> claims.refused().put(p, e));
            }
        }
    }

    private Map<Integer, Long> starts(String topic, Identity identity) throws SQLException, KafkaUnavailableException {
        Instant now = Instant.now();
        StartPosition from = missing.wasAbsent(topic, identity.clusterId())
                ? reading.startOfLaterTopic()
                : reading.startOfNewTopic(missing.missingAt(topic), now);
        return lookup.offsets().starts(topic, identity.partitions(), from, now);
    }

    private boolean known(TopicPartition partition, Map<String, Identity> identities, Claims claims) {
        Identity identity = identities.get(partition.topic());
        if (identity != null && partition.partition() < identity.partitions()) {
            return true;
        }
        if (identity != null && reading.isManual()) {
            // The user named it explicitly, so it is more likely mistyped than new.
            claims.refused().put(partition, lookup.missing(partition, identity));
        } else {
            // The brokers learn about a new topic or partition one after the other.
            claims.later().put(partition, lookup.missing(partition, identity));
        }
        return false;
    }

    private static Set<String> topics(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::topic).collect(Collectors.toSet());
    }

    /** Locked offset rows are skipped, so it is a binding's row or a whole table. */
    private TidemarkException bindingLocked(Set<String> topics, SQLException cause) throws SQLException {
        String holder = context.connection()
                .inTransaction(c -> holders.ofBindings(c, topics))
                .orElse("another transaction, which may have ended by now");
        return new TidemarkException(
                ErrorCode.ROW_LOCKED,
                "group " + groupId + ": a binding of topics " + new TreeSet<>(topics)
                        + ", or a table of the offset store, is" + " locked by " + holder + "; waiting for it to end",
                cause);
    }

    private TidemarkException locked(TopicPartition partition, @Nullable SQLException cause) throws SQLException {
        String holder = context.connection()
                .inTransaction(c -> holders.of(c, partition))
                .orElse("another transaction, which may have ended by now");
        return new TidemarkException(
                ErrorCode.ROW_LOCKED,
                "group " + groupId + ": the stored offset of topic " + partition.topic() + " partition "
                        + partition.partition() + " is locked by " + holder + "; waiting for it to end",
                cause);
    }
}
