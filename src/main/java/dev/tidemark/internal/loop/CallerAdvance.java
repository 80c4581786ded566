package dev.tidemark.internal.loop;

import dev.tidemark.errors.FencedException;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Move;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** Moves the stored offsets of one group in the caller's transactions, all or none. Thread-safe. */
public final class CallerAdvance {
    private final ClaimStore store;
    private final String groupId;

    public CallerAdvance(ClaimStore store, String groupId) {
        this.store = store;
        this.groupId = groupId;
    }

    /**
     * Moves them, as the last statement of the transaction.
     *
     * @return the claims at their new positions, valid once the transaction has committed
     * @throws FencedException if a claim no longer holds
     * @throws IllegalArgumentException if two moves name one partition
     * @throws IllegalStateException if the connection commits by itself
     */
    public Map<TopicPartition, Claim> advance(Connection connection, Collection<Move> moves) throws SQLException {
        Map<Claim, Position> positions = new HashMap<>();
        Set<TopicPartition> named = new HashSet<>();
        for (Move move : moves) {
            TopicPartition partition = move.claim().partition();
            if (!named.add(partition)) {
                throw new IllegalArgumentException("partition " + partition + " is moved twice in one call");
            }
            positions.put(move.claim(), move.to());
        }
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("advance needs a transaction: call setAutoCommit(false), or begin one");
        }
        Set<TopicPartition> moved = store.advance(connection, positions);
        Map<TopicPartition, Claim> next = new HashMap<>();
        Set<TopicPartition> fenced = new HashSet<>();
        positions.forEach((claim, position) -> {
            if (moved.contains(claim.partition())) {
                next.put(claim.partition(), claim.at(position));
            } else {
                fenced.add(claim.partition());
            }
        });
        if (!fenced.isEmpty()) {
            throw new FencedException(groupId, fenced);
        }
        return next;
    }
}
