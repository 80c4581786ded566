package dev.tidemark.internal.unit;

import dev.tidemark.DeadLetter;
import dev.tidemark.ErrorCode;
import dev.tidemark.RecordFailedException;
import dev.tidemark.Redriven;
import dev.tidemark.Redriven.Result;
import dev.tidemark.TidemarkException;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.store.DeadLetterTable;
import dev.tidemark.internal.store.DeadLetterTable.Locked;
import dev.tidemark.internal.store.PartitionNotes;
import dev.tidemark.internal.store.SqlFailures;
import dev.tidemark.internal.store.UnitEnd;
import dev.tidemark.internal.store.UnitTransaction;
import dev.tidemark.internal.unit.UnitHandler.Progress;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Applies a dead letter after all: the handler's effects and the removal of the dead letter in one transaction, or neither. Used
 * by one thread.
 */
public final class Redrive<K, V> {
    private final String groupId;
    private final UnitLimits limits;
    private final UnitHandler<K, V> handler;
    private final RecordDecoder<K, V> decoder;
    private final UnitTransaction transaction;
    private final PartitionNotes notes;
    private final DeadLetterTable letters;
    private final ListenerReports reports;
    private boolean interrupted;

    public Redrive(
            String groupId,
            UnitLimits limits,
            UnitHandler<K, V> handler,
            RecordDecoder<K, V> decoder,
            UnitTransaction transaction,
            PartitionNotes notes,
            DeadLetterTable letters,
            ListenerReports reports) {
        this.groupId = groupId;
        this.limits = limits;
        this.handler = handler;
        this.decoder = decoder;
        this.transaction = transaction;
        this.notes = notes;
        this.letters = letters;
        this.reports = reports;
    }

    /** Why a dead letter was not tried. */
    private static final class NotTried extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final Result result;

        NotTried(Result result) {
            this.result = result;
        }
    }

    /**
     * Tries these dead letters, each once it need not wait for another of them; one answer for each.
     *
     * @throws TidemarkException as {@link #redrive}
     */
    public List<Redriven> redriveAll(Collection<Long> ids) {
        try {
            return rounds(ids);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private List<Redriven> rounds(Collection<Long> ids) {
        List<Redriven> answers = new ArrayList<>();
        List<Long> open = ids.stream().distinct().sorted().toList();
        boolean progress = true;
        while (progress && !open.isEmpty()) {
            List<Redriven> round = open.stream().map(this::redriveOne).toList();
            progress = round.stream().anyMatch(r -> r.result() == Result.APPLIED);
            boolean again = progress;
            round.stream().filter(r -> !again || r.result() != Result.WAITS).forEach(answers::add);
            open = round.stream()
                    .filter(r -> again && r.result() == Result.WAITS)
                    .map(Redriven::id)
                    .toList();
        }
        return answers;
    }

    /** The next one does not see what the handler leaves on the caller's thread; the caller does, in the end. */
    private Redriven redriveOne(long id) {
        try {
            return redrive(id);
        } finally {
            interrupted |= Thread.interrupted();
        }
    }

    /** Tries one dead letter. Trouble of the database is thrown; the dead letter is untouched then, or gone if its commit came through. */
    public Redriven redrive(long id) {
        AtomicReference<@Nullable TopicPartition> handled = new AtomicReference<>();
        UnitOutcome outcome = transaction.run(List.of(), tx -> {
            Locked locked = lock(tx.getConnection(), id);
            DeadLetter letter = locked.letter();
            if (letter.supersededAt().isPresent()) {
                throw new NotTried(Result.SUPERSEDED);
            }
            if (locked.waits()) {
                throw new NotTried(Result.WAITS);
            }
            ConsumerRecord<K, V> record;
            try {
                record = decoder.decode(letter.record());
            } catch (UndecodableException e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                throw new UnitRefusedException(new UnitOutcome.Undecodable(e.side(), cause, SqlFailures.facts(cause)));
            }
            handled.set(new TopicPartition(record.topic(), record.partition()));
            handler.handle(
                    List.of(List.of(record)),
                    tx,
                    new Progress(1, System.nanoTime() + limits.time().toNanos()));
            return new UnitEnd.RemoveDeadLetter(letter);
        });
        TopicPartition partition = handled.get();
        if (partition != null) {
            reports.ended(outcome, () -> Map.of(partition, 1), () -> transaction.times(0));
        }
        return outcome.fold(new Verdict(id));
    }

    private Locked lock(Connection c, long id) throws UnitRefusedException {
        try {
            return letters.lock(c, id).orElseThrow(() -> new NotTried(Result.GONE));
        } catch (SQLException e) {
            throw new UnitRefusedException(transaction.ofOwnStatement(e));
        }
    }

    /** Turns an outcome into what the caller is told. */
    private final class Verdict implements UnitOutcome.Cases<Redriven> {
        private final long id;

        Verdict(long id) {
            this.id = id;
        }

        @Override
        public Redriven committed(UnitOutcome.Committed outcome) {
            return new Redriven(id, Result.APPLIED, Optional.empty());
        }

        @Override
        public Redriven fenced(UnitOutcome.Fenced outcome) {
            return new Redriven(id, Result.GONE, Optional.empty());
        }

        @Override
        public Redriven handlerFailed(UnitOutcome.HandlerFailed outcome) {
            return outcome.cause() instanceof NotTried notTried
                    ? new Redriven(id, notTried.result, Optional.empty())
                    : failed(outcome.code(), "the handler failed again on", outcome.cause());
        }

        @Override
        public Redriven undecodable(UnitOutcome.Undecodable outcome) {
            return failed(
                    ErrorCode.RECORD_UNDECODABLE,
                    "the " + outcome.side() + " still cannot be decoded of",
                    outcome.cause());
        }

        @Override
        public Redriven commitUnknown(UnitOutcome.CommitUnknown outcome) {
            throw trouble(
                    "the outcome of a COMMIT is unknown: if the dead letter is gone, it was applied", outcome.cause());
        }

        @Override
        public Redriven troubled(UnitOutcome.Troubled outcome) {
            String what = outcome.kind() == FailureKind.CONTENTION
                    ? "another transaction was in the way"
                    : "the database is in trouble";
            throw trouble(what + ", nothing was applied: try again", outcome.cause());
        }

        @Override
        public Redriven transactionBroken(UnitOutcome.TransactionBroken outcome) {
            throw new RecordFailedException(
                    ErrorCode.TRANSACTION_BROKEN,
                    "group " + groupId + ": " + outcome.how() + " while dead letter " + id + " was redriven",
                    outcome.cause());
        }

        @Override
        public Redriven refused(UnitOutcome.Refused outcome) {
            throw outcome.error();
        }

        @Override
        public Redriven storeFailed(UnitOutcome.StoreFailed outcome) {
            throw outcome.error();
        }

        private TidemarkException trouble(String what, Throwable cause) {
            return new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": dead letter " + id + ": " + what + " (" + SqlFailures.describe(cause) + ")",
                    cause);
        }

        private Redriven failed(ErrorCode code, String what, Throwable cause) {
            notes.failedAgain(id, code, cause);
            return new Redriven(
                    id,
                    Result.FAILED,
                    Optional.of(new RecordFailedException(
                            code, "group " + groupId + ": " + what + " dead letter " + id, cause)));
        }
    }
}
