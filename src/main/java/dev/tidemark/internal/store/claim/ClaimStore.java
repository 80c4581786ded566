package dev.tidemark.internal.store.claim;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.RowSecurity;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.AuditLogTable;
import dev.tidemark.internal.store.table.AuditLogTable.Action;
import dev.tidemark.internal.store.table.OffsetAdvances;
import dev.tidemark.internal.store.table.ParkedRecords;
import dev.tidemark.internal.store.table.PartitionStateTable;
import dev.tidemark.internal.store.table.StoredOffsetTable;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
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
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Claim, check, advance, release: the operations on the caller's connection, in the caller's transaction. Binding rows are
 * locked before offset rows, always. Stateless, so any thread may use it.
 */
public final class ClaimStore {
    /** A row is locked for the length of an advance and its commit. */
    private static final Duration HALT_PATIENCE = Duration.ofMillis(500);

    private final TopicBindings bindings;
    private final StoredOffsetTable offsets;
    private final OffsetAdvances advances;
    private final ParkedRecords parked;
    private final PartitionStateTable states;
    private final AuditLogTable audit;
    private final Schema schema;
    private final String groupId;

    public ClaimStore(Schema schema, String groupId) {
        this.schema = schema;
        this.bindings = new TopicBindings(schema, groupId);
        this.offsets = new StoredOffsetTable(schema, groupId);
        this.advances = new OffsetAdvances(schema, groupId);
        this.parked = new ParkedRecords(schema, groupId);
        this.states = new PartitionStateTable(schema, groupId);
        this.audit = new AuditLogTable(schema, groupId);
        this.groupId = groupId;
    }

    /** What the offsets of this group refer to, by topic; to bind topics. */
    public TopicBindings bindings() {
        return bindings;
    }

    /** The result of a claim: claims, locked rows, and partitions that cannot be claimed, with the reason. */
    public record ClaimResult(
            Map<TopicPartition, ClaimedPartition> claimed,
            Set<TopicPartition> locked,
            Map<TopicPartition, TidemarkException> refused) {}

    /** Limits lock waits in the rest of this transaction; beyond the limit it fails with 55P03. */
    public void limitWait(Connection c, Duration patience) throws SQLException {
        Schema.execute(c, "set local lock_timeout = " + patience.toMillis());
    }

    /**
     * Claims partitions, after comparing the bindings with what Kafka has.
     *
     * @param wait whether to wait for locked rows, as long as {@code lock_timeout} allows; otherwise they are returned as locked
     */
    public ClaimResult claim(
            Connection c,
            Map<String, Identity> topics,
            Collection<TopicPartition> partitions,
            String owner,
            boolean wait)
            throws SQLException {
        Map<String, Identity> stored = bindings.lock(c, topics.keySet());
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
            Map<TopicPartition, Set<ByteBuffer>> held = parked.heldKeys(c, rows.keySet());
            Map<TopicPartition, Long> open = states.openAttempts(c, rows.keySet());
            rows.forEach((partition, row) -> {
                Long attempt = open.get(partition);
                claimed.put(
                        partition,
                        new ClaimedPartition(
                                row.claim(),
                                row.before(),
                                attempt == null ? OptionalLong.empty() : OptionalLong.of(attempt),
                                held.getOrDefault(partition, Set.of()),
                                row.givenUp()));
            });
        }
        return claimed;
    }

    /** Claims without comparing ids, waiting for locked rows: for callers that have bound in the same transaction. */
    public Map<TopicPartition, Claim> claim(Connection c, Collection<TopicPartition> partitions, String owner)
            throws SQLException {
        Map<TopicPartition, Claim> claimed = new HashMap<>();
        offsets.claim(c, partitions, owner, true).forEach((partition, row) -> claimed.put(partition, row.claim()));
        for (TopicPartition partition : partitions) {
            if (!claimed.containsKey(partition)) {
                RowSecurity.check(c, schema);
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
            // A row with a lower offset than its claim came from a backup or an old replica: under one token, positions
            // only grow.
            boolean behind = row != null
                    && row.position().nextOffset() < claim.position().nextOffset();
            if (behind || !claim.token().equals(token)) {
                fenced.add(claim.partition());
            }
        }
        return fenced;
    }

    /** Moves positions; partitions missing from the result were fenced. */
    public Set<TopicPartition> advance(Connection c, Map<Claim, Position> moves) throws SQLException {
        return advances.advance(c, moves, null);
    }

    /**
     * Skips lost records, and records that in {@code audit_log}.
     *
     * @return false if the claim does not hold any more, and nothing was done
     */
    public boolean passOver(Connection c, Claim claim, long to, String reason) throws SQLException {
        if (advances.advance(c, Map.of(claim, Position.of(to)), null).isEmpty()) {
            return false;
        }
        audit.write(c, Action.GAP, claim.partition(), claim.position().nextOffset(), to, reason);
        return true;
    }

    /** The name of a partition's owner; empty if it has none. */
    public Optional<String> owner(Connection c, TopicPartition partition) throws SQLException {
        return Optional.ofNullable(offsets.read(c, List.of(partition)).get(partition))
                .filter(row -> row.token() != null)
                .map(StoredOffsetTable.Row::owner);
    }

    /** Releases the claims that are still ours and not locked. */
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
     * Records that a partition halted, unless it has been claimed or moved since then.
     *
     * @param claim the claim it was held by; null if its claim was refused
     * @param owner the name that this process claims under
     * @param ago how long ago it halted
     * @return false if the partition's row is locked, so that this cannot be determined
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

    /** Undoes the count of an attempt at a record that this process has survived. */
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
        return mismatch(partition.topic(), binding, actual).orElse(null);
    }

    /** The reason why these stored offsets must not be used for that topic; empty if they belong together. */
    public Optional<TidemarkException> mismatch(String topic, Identity stored, Identity actual) {
        return BindingPlanner.mismatch(schema.name(), groupId, topic, stored, actual);
    }

    private LogMismatchException rowMissing(TopicPartition partition) {
        return new LogMismatchException(
                ErrorCode.OFFSET_ROW_MISSING,
                "group " + groupId + " has no row in stored_offset for topic " + partition.topic() + " partition "
                        + partition.partition()
                        + ": it was deleted, or never bound; restore it with the offset where reading is to continue",
                null);
    }
}
