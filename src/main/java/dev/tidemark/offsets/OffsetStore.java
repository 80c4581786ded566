package dev.tidemark.offsets;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.loop.CallerAdvance;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.run.OwnerNames;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/**
 * The stored offsets of one consumer group: the low-level calls of a poll loop. It works on the caller's connection, in the caller's
 * transaction, and neither commits nor rolls back. <strong>For your own poll loop use {@link ClaimingConsumer}, which makes these calls
 * and follows their rules.</strong> {@link #advance} trusts the caller for what lies between the claim's position and the new one; a
 * caller that breaks a rule loses records without an error:
 *
 * <ol>
 *   <li>partitions assigned: {@link #resolve} and {@link #bind} once, {@link #claim} and commit. Then drop everything that was fetched
 *       from them before: your own records, those in other threads, and, with a seek to the claims' positions, those in the
 *       KafkaConsumer: with a fresh claim, {@code advance} accepts records from before it;
 *   <li>for each transaction: {@link #check}, the effects of all records from the claim's position, without a gap, {@link #advance} as
 *       the last statement, commit; use the claims that the advance returned only after the commit;
 *   <li>fenced, or a commit whose outcome is unknown: roll back, poll, and if Kafka still assigns the partition, as 1;
 *   <li>partitions revoked: drop what was fetched, {@link #release} and commit;
 *   <li>nothing else seeks, pauses or replays on that KafkaConsumer, as Spring Kafka's listener containers do; it has {@code
 *       enable.auto.commit=false} and {@code auto.offset.reset=none}.
 * </ol>
 *
 * <p>Thread-safe: its only state is the names of group and schema.
 */
public final class OffsetStore {
    private final ClaimStore store;
    private final CallerAdvance advance;
    private final String groupId;
    private final String owner;

    private OffsetStore(String groupId, Schema schema) {
        this.groupId = KafkaSettings.group(groupId);
        this.store = new ClaimStore(schema, this.groupId);
        this.advance = new CallerAdvance(store, this.groupId);
        this.owner = OwnerNames.ownerName();
    }

    /** The offsets of a group in the schema {@code tidemark}. Blanks at the ends of its name do not count, as in {@code group.id}. */
    public static OffsetStore of(String groupId) {
        return of(groupId, Schema.DEFAULT);
    }

    /** The offsets of a group in another schema, a plain lower-case identifier. */
    public static OffsetStore of(String groupId, String schema) {
        return new OffsetStore(groupId, new Schema(schema));
    }

    /**
     * Asks Kafka for a topic's identity and where its partitions start; does not use the database. Call it before the transaction, so
     * that no lock waits for a broker.
     *
     * @param isolation how the group reads, which decides where {@link StartPosition#latest()} is
     * @throws LogMismatchException if the topic does not exist (TM-307) or the position refuses (TM-309)
     * @throws TidemarkException if Kafka does not reply (TM-310); try again later
     */
    public TopicBinding resolve(Admin admin, String topic, StartPosition start, IsolationLevel isolation) {
        TopicLookup lookup = new TopicLookup(admin, groupId, isolation);
        try {
            Identity identity = lookup.identities(Set.of(topic)).get(topic);
            if (identity == null) {
                throw new LogMismatchException(
                        ErrorCode.TOPIC_MISSING,
                        "topic " + topic + " does not exist for group " + groupId + ": create it, or correct its name",
                        null);
            }
            return new TopicBinding(
                    topic,
                    identity.clusterId(),
                    identity.topicId(),
                    lookup.offsets().starts(topic, identity.partitions(), start, Instant.now()),
                    lookup.offsets().earliest(topic, identity.partitions()));
        } catch (KafkaUnavailableException e) {
            throw new TidemarkException(
                    ErrorCode.KAFKA_UNAVAILABLE, "group " + groupId + ": Kafka did not reply, try again later", e);
        }
    }

    /**
     * Stores where the topic's partitions start, for those that have no offset yet. Safe to repeat, and to call from several
     * processes at once.
     *
     * @throws LogMismatchException if what is stored belongs to another cluster or topic (TM-301, TM-302)
     */
    public void bind(Connection connection, TopicBinding binding) throws SQLException {
        Identity identity = new Identity(
                binding.clusterId(), binding.topicId(), binding.earliest().size());
        store.bindings().bind(connection, binding.topic(), identity, Optional.of(binding.starts()), binding.earliest());
    }

    /**
     * Makes the caller the owner of these partitions, once the transaction commits. Waits for transactions that are advancing
     * them, so what it returns is final; {@code lock_timeout} bounds the wait.
     *
     * <p>Requires that everything fetched from these partitions so far is dropped, and that the KafkaConsumer seeks to the returned
     * positions, before anything is advanced with the claims: the claims accept records from before and after alike.
     *
     * @throws LogMismatchException if a partition was never bound (TM-303)
     */
    public Map<TopicPartition, Claim> claim(Connection connection, Collection<TopicPartition> partitions)
            throws SQLException {
        return store.claim(connection, partitions, owner);
    }

    /**
     * Checks whether the claims are still valid; a plain read that waits for no lock. An optimization before expensive work: only {@link
     * #advance} decides.
     *
     * @throws FencedException if one is not
     */
    public void check(Connection connection, Collection<Claim> claims) throws SQLException {
        Set<TopicPartition> fenced = store.fenced(connection, claims);
        if (!fenced.isEmpty()) {
            throw new FencedException(groupId, fenced);
        }
    }

    /**
     * Moves positions, all or none, in the caller's transaction. Make it the last statement before the commit: from here on a
     * successor's claim waits for this transaction.
     *
     * <p>Checks that the claim is valid and that the offset is at its position. Requires, but cannot check, that every record between
     * that position and the new one was fetched after the claim was made, and is handled in this transaction: what is missing there
     * is skipped for good.
     *
     * @return the claims to continue with, valid once the transaction has committed
     * @throws FencedException if a claim is no longer valid; the transaction must be rolled back
     * @throws IllegalArgumentException if two moves name one partition
     * @throws IllegalStateException if the connection is in auto-commit mode, as the effects would not be in the same transaction
     */
    public Map<TopicPartition, Claim> advance(Connection connection, Collection<Move> moves)
            throws SQLException, FencedException {
        return advance.advance(connection, moves);
    }

    /** Releases claims, so that the partitions show as free. Optional: claims that are no longer the caller's are left alone. */
    public void release(Connection connection, Collection<Claim> claims) throws SQLException {
        store.release(connection, claims);
    }

    /** The committed positions of those partitions that have one; a plain read. */
    public Map<TopicPartition, Position> positions(Connection connection, Collection<TopicPartition> partitions)
            throws SQLException {
        return store.positions(connection, partitions);
    }
}
