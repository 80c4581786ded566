package dev.tidemark.internal.store;

import dev.tidemark.offsets.Claim;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.offsets.Position;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Binding;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.store.AuditLogTable.Action;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Bind, claim, check, advance, release: the operations on the caller's connection, in the caller's transaction. Binding rows are
 * locked before offset rows, always. Stateless, so any thread may use it.
 */
public final class ClaimStore {
    /** A row is locked for the length of an advance and its commit. */
    private static final Duration HALT_PATIENCE = Duration.ofMillis(500);

    private final TopicBindingTable bindings;
    private final StoredOffsetTable offsets;
    private final DeadLetterTable letters;
    private final PartitionStateTable states;
    private final AuditLogTable audit;
    private final String groupId;

    public ClaimStore(Schema schema, String groupId) {
        this.bindings = new TopicBindingTable(schema, groupId);
        this.offsets = new StoredOffsetTable(schema, groupId);
        this.letters = new DeadLetterTable(schema, groupId);
        this.states = new PartitionStateTable(schema, groupId);
        this.audit = new AuditLogTable(schema, groupId);
        this.groupId = groupId;
    }

    /** What a claim brought: claims, rows that somebody has locked, and partitions that cannot be claimed, with the reason. */
    public record ClaimResult(
            Map<TopicPartition, ClaimedPartition> claimed,
            Set<TopicPartition> locked,
            Map<TopicPartition, TidemarkException> refused) {}

    /** Lets the rest of this transaction wait for a lock no longer than this; then it fails with 55P03. */
    public void limitWait(Connection c, Duration patience) throws SQLException {
        Schema.execute(c, "set local lock_timeout = " + patience.toMillis());
    }

    /** What is to be done before these topics' partitions can be claimed; a plain read. */
    public Map<String, Binding> missingBindings(Connection c, Map<String, Identity> topics) throws SQLException {
        Map<String, Identity> stored = bindings.read(c, topics.keySet(), TopicBindingTable.Lock.NONE);
        Map<String, Binding> missing = new HashMap<>();
        topics.forEach((topic, actual) -> {
            Binding plan = BindingPlanner.plan(stored.get(topic), actual);
            if (plan != Binding.COMPLETE) {
                missing.put(topic, plan);
            }
        });
        return missing;
    }

    /**
     * Binds a topic, or its new partitions: what is bound already stays as it is, even if another instance was faster.
     *
     * @param starts for each partition where a group begins that has never met the topic; empty where the topic was met before
     * @param earliest for each partition its first offset, where partitions begin that were added later
     * @throws LogMismatchException if what is stored belongs to another cluster or topic (TM-301, TM-302)
     */
    public void bind(
            Connection c,
            String topic,
            Identity actual,
            Optional<Map<Integer, Long>> starts,
            Map<Integer, Long> earliest)
            throws SQLException {
        bindings.insertEmpty(c, topic, actual);
        Identity stored =
                bindings.read(c, List.of(topic), TopicBindingTable.Lock.UPDATE).get(topic);
        if (stored == null) {
            throw new SQLException("the binding of topic " + topic + " vanished while it was made", "40001");
        }
        Optional<TidemarkException> mismatch = BindingPlanner.mismatch(groupId, topic, stored, actual);
        if (mismatch.isPresent()) {
            throw mismatch.get();
        }
        Map<Integer, Long> chosen = stored.partitions() == 0 ? starts.orElse(earliest) : earliest;
        Map<Integer, Long> added = new TreeMap<>();
        for (int p = stored.partitions(); p < actual.partitions(); p++) {
            Long offset = chosen.get(p);
            if (offset == null) {
                throw new IllegalArgumentException("no start offset for partition " + p + " of topic " + topic);
            }
            added.put(p, offset);
        }
        if (!added.isEmpty()) {
            offsets.insert(c, topic, added);
            bindings.grow(c, topic, actual.partitions());
        }
    }

    /**
     * Claims partitions, after comparing the bindings with what Kafka shows.
     *
     * @param wait whether to wait for locked rows, as long as {@code lock_timeout} lets it; otherwise they are named as locked
     */
    public ClaimResult claim(
            Connection c,
            Map<String, Identity> topics,
            Collection<TopicPartition> partitions,
            String owner,
            boolean wait)
            throws SQLException {
        Map<String, Identity> stored = bindings.read(c, topics.keySet(), TopicBindingTable.Lock.SHARE);
        Map<TopicPartition, TidemarkException> refused = new HashMap<>();
        Set<TopicPartition> sound = new HashSet<>();
        for (TopicPartition partition : partitions) {
            TidemarkException reason = refusal(partition, stored, topics);
            if (reason == null) {
                sound.add(partition);
            } else {
                refused.put(partition, reason);
            }
        }
        Map<TopicPartition, ClaimedPartition> claimed = claim(c, sound, owner, wait);
        sound.removeAll(claimed.keySet());
        Set<TopicPartition> locked = new HashSet<>();
        if (!sound.isEmpty()) {
            Set<TopicPartition> existing = offsets.read(c, sound).keySet();
            for (TopicPartition partition : sound) {
                if (existing.contains(partition)) {
                    locked.add(partition);
                } else {
                    refused.put(partition, rowMissing(partition));
                }
            }
        }
        return new ClaimResult(claimed, locked, refused);
    }

    private Map<TopicPartition, ClaimedPartition> claim(
            Connection c, Collection<TopicPartition> partitions, String owner, boolean wait) throws SQLException {
        Map<TopicPartition, ClaimedPartition> claimed = new HashMap<>();
        Map<TopicPartition, StoredOffsetTable.Claimed> rows = offsets.claim(c, partitions, owner, wait);
        if (!rows.isEmpty()) {
            states.claimed(c, rows.keySet());
            // After the claim: what the predecessor parked is committed now.
            Map<TopicPartition, Set<ByteBuffer>> held = letters.heldKeys(c, rows.keySet());
            Map<TopicPartition, Long> open = states.openAttempts(c, rows.keySet());
            rows.forEach((partition, row) -> {
                Long attempt = open.get(partition);
                claimed.put(
                        partition,
                        new ClaimedPartition(
                                row.claim(),
                                row.before(),
                                attempt == null ? OptionalLong.empty() : OptionalLong.of(attempt),
                                held.getOrDefault(partition, Set.of())));
            });
        }
        return claimed;
    }

    /** Claims without comparing ids, waiting for locked rows: for callers who have bound in the same transaction. */
    public Map<TopicPartition, Claim> claim(Connection c, Collection<TopicPartition> partitions, String owner)
            throws SQLException {
        Map<TopicPartition, Claim> claimed = new HashMap<>();
        offsets.claim(c, partitions, owner, true).forEach((partition, row) -> claimed.put(partition, row.claim()));
        for (TopicPartition partition : partitions) {
            if (!claimed.containsKey(partition)) {
                throw rowMissing(partition);
            }
        }
        return claimed;
    }

    /** The claims that no longer hold, by a plain read. */
    public Set<TopicPartition> fenced(Connection c, Collection<Claim> claims) throws SQLException {
        Map<TopicPartition, StoredOffsetTable.Row> rows =
                offsets.read(c, claims.stream().map(Claim::partition).toList());
        Set<TopicPartition> fenced = new HashSet<>();
        for (Claim claim : claims) {
            StoredOffsetTable.Row row = rows.get(claim.partition());
            UUID token = row == null ? null : row.token();
            // A row behind its claim came from a backup or an old replica: under one token, positions only grow.
            boolean behind = row != null
                    && row.position().nextOffset() < claim.position().nextOffset();
            if (behind || !claim.token().equals(token)) {
                fenced.add(claim.partition());
            }
        }
        return fenced;
    }

    /** Moves positions; whoever is missing from the answer was fenced. */
    public Set<TopicPartition> advance(Connection c, Map<Claim, Position> moves) throws SQLException {
        return offsets.advance(c, moves, null);
    }

    /**
     * Passes over lost records, and writes that down.
     *
     * @return false if the claim does not hold any more, and nothing was done
     */
    public boolean passOver(Connection c, Claim claim, long to, String reason) throws SQLException {
        if (offsets.advance(c, Map.of(claim, Position.of(to)), null).isEmpty()) {
            return false;
        }
        audit.write(c, Action.GAP, claim.partition(), claim.position().nextOffset(), to, reason);
        return true;
    }

    /** Whether the group has stored offsets for any topic. */
    public boolean isKnown(Connection c) throws SQLException {
        return bindings.any(c);
    }

    /** What the group's offsets mean, by topic. */
    public Map<String, Identity> bindings(Connection c) throws SQLException {
        return bindings.all(c);
    }

    /** Who owns a partition, by name; empty while nobody does. */
    public Optional<String> owner(Connection c, TopicPartition partition) throws SQLException {
        return Optional.ofNullable(offsets.read(c, List.of(partition)).get(partition))
                .filter(row -> row.token() != null)
                .map(StoredOffsetTable.Row::owner);
    }

    /** Gives back what is still ours and not locked. */
    public void release(Connection c, Collection<Claim> claims) throws SQLException {
        offsets.release(c, claims);
    }

    /** Those of the claims whose token the table still shows. */
    public Set<Claim> unreleased(Connection c, Collection<Claim> claims) throws SQLException {
        Map<TopicPartition, StoredOffsetTable.Row> rows =
                offsets.read(c, claims.stream().map(Claim::partition).toList());
        Set<Claim> left = new HashSet<>(claims);
        left.removeIf(claim -> {
            StoredOffsetTable.Row row = rows.get(claim.partition());
            return row == null || !claim.token().equals(row.token());
        });
        return left;
    }

    /**
     * Writes down that a partition halted, unless it has been claimed or moved since then.
     *
     * @param claim the claim it was held by; null if its claim was refused
     * @param owner the name that this process claims under
     * @param ago how long ago it halted
     * @return false if the partition's row is locked, so that it cannot be told
     */
    public boolean noteHalt(
            Connection c,
            TopicPartition partition,
            @Nullable Claim claim,
            String owner,
            ErrorCode code,
            String words,
            Duration ago)
            throws SQLException {
        Optional<StoredOffsetTable.Ownership> now;
        try {
            limitWait(c, HALT_PATIENCE);
            now = offsets.lockOwnership(c, partition);
        } catch (SQLException e) {
            if (SqlFailures.facts(e).is("55P03")) {
                return rolledBack(c);
            }
            throw e;
        }
        boolean holds = now.isEmpty()
                || (claim == null ? !now.get().isOthers(owner) : now.get().epoch() == claim.ownerEpoch());
        if (holds) {
            states.halted(c, partition, code, words, ago);
        }
        return true;
    }

    private static boolean rolledBack(Connection c) throws SQLException {
        Schema.rollback(c);
        return false;
    }

    /** Takes back the count of an attempt at a record that this process has come back from. */
    public void noteSurvival(Connection c, TopicPartition partition, long offset) throws SQLException {
        states.survived(c, partition, offset);
    }

    /** The committed positions, by a plain read. */
    public Map<TopicPartition, Position> positions(Connection c, Collection<TopicPartition> partitions)
            throws SQLException {
        Map<TopicPartition, Position> positions = new HashMap<>();
        offsets.read(c, partitions).forEach((partition, row) -> positions.put(partition, row.position()));
        return positions;
    }

    private @Nullable TidemarkException refusal(
            TopicPartition partition, Map<String, Identity> stored, Map<String, Identity> topics) {
        Identity binding = stored.get(partition.topic());
        Identity actual = topics.get(partition.topic());
        if (binding == null || actual == null) {
            return rowMissing(partition);
        }
        return BindingPlanner.mismatch(groupId, partition.topic(), binding, actual)
                .orElse(null);
    }

    private LogMismatchException rowMissing(TopicPartition partition) {
        return new LogMismatchException(
                ErrorCode.OFFSET_ROW_MISSING,
                "group " + groupId + " has no row in stored_offset for topic " + partition.topic() + " partition "
                        + partition.partition()
                        + ": it was deleted, or never bound; put it back with the offset where reading is to go on",
                null);
    }
}
