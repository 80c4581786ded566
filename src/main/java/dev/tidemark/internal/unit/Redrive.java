package dev.tidemark.internal.unit;

import dev.tidemark.DeadLetter;
import dev.tidemark.RedriveResult;
import dev.tidemark.RedriveResult.Status;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.ReactionPlanner;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.table.DeadLetterTable;
import dev.tidemark.internal.store.table.DeadLetterTable.Locked;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.internal.store.transaction.UnitEnd;
import dev.tidemark.internal.store.transaction.UnitTransaction;
import dev.tidemark.internal.thread.Host;
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

/** Applies a dead letter: the handler's effects and the removal of the dead letter in one transaction, or neither. Used by one thread. */
public final class Redrive<K, V> {
    private final String groupId;
    private final UnitLimits limits;
    private final UnitHandler<K, V> handler;
    private final RecordDecoder<K, V> decoder;
    private final UnitTransaction transaction;
    private final PartitionNotes notes;
    private final DeadLetterTable letters;
    private final SafeInterceptors interceptors;
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
            SafeInterceptors interceptors,
            ListenerReports reports) {
        this.groupId = groupId;
        this.limits = limits;
        this.handler = handler;
        this.decoder = decoder;
        this.transaction = transaction;
        this.notes = notes;
        this.letters = letters;
        this.interceptors = interceptors;
        this.reports = reports;
    }

    /**
     * Tries these dead letters, each once it need not wait for another of them; one result for each.
     *
     * @throws TidemarkException as {@link #redrive}
     */
    public List<RedriveResult> redriveAll(Collection<Long> ids) {
        try {
            return rounds(ids);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private List<RedriveResult> rounds(Collection<Long> ids) {
        List<RedriveResult> results = new ArrayList<>();
        List<Long> open = ids.stream().distinct().sorted().toList();
        boolean progress = true;
        while (progress && !open.isEmpty()) {
            List<RedriveResult> round = open.stream().map(this::redriveOne).toList();
            progress = round.stream().anyMatch(r -> r.status() == Status.APPLIED);
            boolean again = progress;
            round.stream().filter(r -> !again || r.status() != Status.WAITS).forEach(results::add);
            open = round.stream()
                    .filter(r -> again && r.status() == Status.WAITS)
                    .map(RedriveResult::id)
                    .toList();
        }
        return results;
    }

    /**
     * An interrupt that the handler leaves on the caller's thread is hidden from the next one, and restored at the end; so is the
     * context class loader.
     */
    private RedriveResult redriveOne(long id) {
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        try {
            return redrive(id);
        } finally {
            Thread.currentThread().setContextClassLoader(loader);
            interrupted |= Thread.interrupted();
        }
    }

    /**
     * Tries one dead letter. Throws if the database is unavailable; the dead letter is then untouched, or gone if its commit took
     * effect. A failure that would pass leaves the dead letter as it is.
     */
    public RedriveResult redrive(long id) {
        UnitOutcome outcome = run(id);
        if (mayBeOfOthers(outcome)) {
            interrupted |= Thread.interrupted();
            transaction.takeCleanSession();
            outcome = run(id);
        }
        return outcome.fold(new Verdict(id));
    }

    /** Whether it may fail for what the handler of another one has left in the session, such as a time limit. */
    private boolean mayBeOfOthers(UnitOutcome outcome) {
        boolean waits =
                outcome instanceof UnitOutcome.Transient passing && passing.code() != ErrorCode.DATABASE_UNAVAILABLE;
        return (waits || outcome instanceof UnitOutcome.HandlerFailed) && transaction.ranInUsedSession();
    }

    private UnitOutcome run(long id) {
        AtomicReference<@Nullable TopicPartition> handled = new AtomicReference<>();
        UnitOutcome outcome = interceptors.around(
                () -> transaction.run(List.of(), tx -> {
                    Locked locked = lock(tx.getConnection(), id);
                    DeadLetter letter = locked.letter();
                    if (letter.supersededAt().isPresent()) {
                        throw new NotTried(Status.SUPERSEDED);
                    }
                    if (locked.waits()) {
                        throw new NotTried(Status.WAITS);
                    }
                    ConsumerRecord<K, V> record;
                    try {
                        record = decoder.decode(letter.record());
                    } catch (UndecodableException e) {
                        throw new UnitRefusedException(Undecodables.outcome(e));
                    }
                    handled.set(new TopicPartition(record.topic(), record.partition()));
                    handler.handle(
                            List.of(List.of(record)),
                            tx,
                            new Progress(
                                    1, Host.nanoTime() + limits.maxDuration().toNanos()));
                    return new UnitEnd.RemoveDeadLetter(letter);
                }),
                ended -> {
                    TopicPartition partition = handled.get();
                    return reports.unit(
                            ended, partition == null ? Map.of() : Map.of(partition, 1), transaction.times(0));
                });
        TopicPartition partition = handled.get();
        if (partition != null) {
            reports.ended(outcome, () -> Map.of(partition, 1), () -> transaction.times(0));
        }
        return outcome;
    }

    private Locked lock(Connection c, long id) throws UnitRefusedException {
        try {
            return letters.lock(c, id).orElseThrow(() -> new NotTried(Status.GONE));
        } catch (SQLException e) {
            throw new UnitRefusedException(transaction.ofFirstStatement(e));
        }
    }

    /** Turns an outcome into what the caller gets. */
    private final class Verdict implements UnitOutcome.Cases<RedriveResult> {
        private final long id;

        Verdict(long id) {
            this.id = id;
        }

        @Override
        public RedriveResult committed(UnitOutcome.Committed outcome) {
            return new RedriveResult(id, Status.APPLIED, Optional.empty());
        }

        @Override
        public RedriveResult fenced(UnitOutcome.Fenced outcome) {
            return new RedriveResult(id, Status.GONE, Optional.empty());
        }

        @Override
        public RedriveResult handlerFailed(UnitOutcome.HandlerFailed outcome) {
            if (outcome.facts().mayPass()) {
                ErrorCode code = FailureKind.TRANSIENT.code(outcome.facts());
                return new RedriveResult(id, Status.FAILED, Optional.of(passing(code, outcome.cause())));
            }
            return outcome.cause() instanceof NotTried notTried
                    ? new RedriveResult(id, notTried.status(), Optional.empty())
                    : failed(outcome.code(), "the handler failed again on", outcome.cause());
        }

        @Override
        public RedriveResult undecodable(UnitOutcome.Undecodable outcome) {
            return failed(
                    ErrorCode.RECORD_UNDECODABLE,
                    "the " + outcome.side() + " still cannot be decoded of",
                    outcome.cause());
        }

        @Override
        public RedriveResult commitUnknown(UnitOutcome.CommitUnknown outcome) {
            throw unavailable(
                    ErrorCode.COMMIT_UNKNOWN,
                    "the outcome of a COMMIT is unknown: if the dead letter is gone, it was applied",
                    outcome.cause());
        }

        @Override
        public RedriveResult transientFailure(UnitOutcome.Transient outcome) {
            TidemarkException why = passing(outcome.code(), outcome.cause());
            if (outcome.code() == ErrorCode.DATABASE_UNAVAILABLE) {
                throw why;
            }
            // What one record waits for, the others need not.
            return new RedriveResult(id, Status.FAILED, Optional.of(why));
        }

        @Override
        public RedriveResult transactionBroken(UnitOutcome.TransactionBroken outcome) {
            throw new RecordFailedException(
                    ErrorCode.TRANSACTION_BROKEN,
                    "group " + groupId + ": " + outcome.how() + " while dead letter " + id + " was redriven",
                    outcome.cause());
        }

        @Override
        public RedriveResult refused(UnitOutcome.Refused outcome) {
            throw outcome.error();
        }

        @Override
        public RedriveResult storeFailed(UnitOutcome.StoreFailed outcome) {
            throw outcome.error();
        }

        private TidemarkException passing(ErrorCode code, Throwable cause) {
            return unavailable(code, ReactionPlanner.words(code) + ", nothing was applied: try again", cause);
        }

        private TidemarkException unavailable(ErrorCode code, String what, Throwable cause) {
            return new TidemarkException(
                    code,
                    "group " + groupId + ": dead letter " + id + ": " + what + " (" + FailureWords.describe(cause)
                            + ")",
                    cause);
        }

        private RedriveResult failed(ErrorCode code, String what, Throwable cause) {
            notes.failedAgain(id, code, cause);
            return new RedriveResult(
                    id,
                    Status.FAILED,
                    Optional.of(new RecordFailedException(
                            code,
                            "group " + groupId + ": " + what + " dead letter " + id + " ("
                                    + FailureWords.describe(cause) + ")",
                            cause)));
        }
    }
}
