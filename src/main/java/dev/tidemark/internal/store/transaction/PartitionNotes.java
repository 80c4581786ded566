package dev.tidemark.internal.store.transaction;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.DeadLetterTable;
import dev.tidemark.internal.store.table.ErrorText;
import dev.tidemark.internal.store.table.ParkedRecords;
import dev.tidemark.internal.store.table.PartitionStateTable;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.offsets.Claim;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is written apart from the units, each in a small transaction of its own on the worker's connection, between units. */
public final class PartitionNotes {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionNotes.class);

    /** The third process that ends while it tries a record is the last one. */
    private static final int MOST_ATTEMPTS = 3;

    /** A server whose client has disappeared would keep the locks of a note for hours. */
    private static final String LIMIT_IDLE = "set local idle_in_transaction_session_timeout = '15s'";

    private final String groupId;
    private final WorkerSession session;
    private final UnitTransaction transaction;
    private final PartitionStateTable states;
    private final ParkedRecords parked;
    private final DeadLetterTable letters;

    public PartitionNotes(Schema schema, String groupId, WorkerSession session, UnitTransaction transaction) {
        this.groupId = groupId;
        this.session = session;
        this.transaction = transaction;
        this.states = new PartitionStateTable(schema, groupId);
        this.parked = new ParkedRecords(schema, groupId);
        this.letters = new DeadLetterTable(schema, groupId);
    }

    /** A statement that may fail without harm. */
    @FunctionalInterface
    private interface Note {
        void write(Connection c) throws SQLException;
    }

    /**
     * Counts that this process begins to try a record that may have killed others.
     *
     * @return committed if it may be tried, refused if too many processes have died while handling it (TM-504)
     */
    public UnitOutcome countAttempt(Claim claim, long offset) {
        int attempts;
        boolean committing = false;
        try {
            Connection connection = connection();
            attempts = states.countAttempt(connection, claim.partition(), offset);
            committing = true;
            Schema.commit(connection);
        } catch (SQLException e) {
            if (committing
                    && !FailureKind.commitCertainlyFailed(
                            SqlFailures.facts(e), session.connection().isUsable())) {
                session.connection().discard();
                return new UnitOutcome.CommitUnknown(e);
            }
            UnitOutcome outcome = transaction.ofOwnStatement(e);
            session.connection().discard();
            return outcome;
        } finally {
            OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
        }
        return attempts <= MOST_ATTEMPTS
                ? new UnitOutcome.Committed(Map.of())
                : new UnitOutcome.Refused(
                        new RecordFailedException(
                                ErrorCode.RECORD_KILLS,
                                "group " + groupId + ": " + MOST_ATTEMPTS
                                        + " processes have ended while they handled the record"
                                        + " at topic " + claim.partition().topic() + " partition "
                                        + claim.partition().partition() + " offset " + offset
                                        + ": find out why; update next_offset to " + (offset + 1)
                                        + " to continue without it, or set suspect_attempts = 0 in partition_state and restart the"
                                        + " consumer to try it once more",
                                null),
                        Set.of());
    }

    /** Undoes what {@link #countAttempt} counted, because this process survived; returns whether that was possible. */
    public boolean survived(Claim claim, long offset) {
        return note(c -> states.survived(c, claim.partition(), offset));
    }

    /** Notes that a dead letter failed once more; failure to do so does no harm. */
    public void failedAgain(long id, ErrorCode code, Throwable cause) {
        ErrorText error = ErrorText.of(code, cause).withDatabaseError(FailureWords.databaseError(cause));
        boolean unused = note(c -> letters.failedAgain(c, id, error));
    }

    /** The hashes of the keys that dead letters of this partition hold; empty if the database did not reply. */
    public Optional<Set<ByteBuffer>> heldKeys(TopicPartition partition) {
        Map<TopicPartition, Set<ByteBuffer>> held = new HashMap<>();
        return note(c -> held.putAll(parked.heldKeys(c, Set.of(partition))))
                ? Optional.of(held.getOrDefault(partition, Set.of()))
                : Optional.empty();
    }

    /** Which of these keys are held by dead letters of this partition, all as hashes; empty if the database did not reply. */
    public Optional<Set<ByteBuffer>> stillHeld(TopicPartition partition, Collection<ByteBuffer> hashes) {
        Set<ByteBuffer> held = new HashSet<>();
        return note(c -> held.addAll(parked.stillHeld(c, partition, hashes))) ? Optional.of(held) : Optional.empty();
    }

    private boolean note(Note note) {
        try {
            Connection connection = connection();
            note.write(connection);
            Schema.commit(connection);
            return true;
        } catch (SQLException e) {
            session.silence().failed(e);
            LOG.debug("could not make a note cause=\"{}\"", FailureWords.describe(e));
            session.connection().discard();
            return false;
        } finally {
            OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
        }
    }

    /** From here on, this thread waits for the database and for no user code. */
    private Connection connection() throws SQLException {
        Connection connection = session.connection().get();
        OwnThread.enter(Step.CONNECTING);
        Schema.execute(connection, LIMIT_IDLE);
        return connection;
    }
}
