package dev.tidemark.internal.unit;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.Evidence.Proof;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.queue.PartitionHistory;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.store.transaction.UnitEnd;
import dev.tidemark.internal.store.transaction.UnitTerms;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.unit.UnitHandler.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Tries records near one that failed, each in a transaction that is rolled back, until one succeeds. No effect of this stays in the
 * database; a handler's effects outside it do, as after any failed transaction. Used by one worker, once.
 */
final class NeighbourTrial<K, V> {
    /** Among how many records of the partition it searches. */
    private static final int REACH = 512;

    /** How many records of other partitions are tried if it has none of its own. */
    private static final int OTHERS = 4;

    private final WorkerContext<K, V> context;
    private final RecordDecoder<K, V> decoder;
    private final ShareProgress<K, V> share;
    private final List<ShareProgress<K, V>> shares;
    private final UnitOutcome failed;
    private final SqlFacts failure;
    private final boolean undecodable;
    private final boolean atCommit;
    private final boolean lockTimed;
    private final boolean unseenCounts;
    private int alike;
    private int tried;

    /** How many failed in the same phase as the first record: decoding or handling. */
    private int compared;

    /**
     * @param share whose first record failed
     * @param shares all of its unit
     * @param failure how it failed
     * @param failed the same as the outcome; if it could not be decoded, only decoding is tried
     */
    NeighbourTrial(
            WorkerContext<K, V> context,
            RecordDecoder<K, V> decoder,
            ShareProgress<K, V> share,
            List<ShareProgress<K, V>> shares,
            SqlFacts failure,
            UnitOutcome failed,
            boolean lockTimed,
            boolean unseenCounts) {
        this.context = context;
        this.decoder = decoder;
        this.share = share;
        this.shares = shares;
        this.failure = failure;
        this.failed = failed;
        this.undecodable = failed instanceof UnitOutcome.Undecodable;
        this.atCommit = failed instanceof UnitOutcome.HandlerFailed f && f.atCommit();
        this.lockTimed = lockTimed;
        this.unseenCounts = unseenCounts;
    }

    /**
     * The result.
     *
     * @param proof which record succeeded
     * @param alike how many failed as the first record did
     * @param tried how many there were
     * @param ended how a trial ended that shows nothing about its record, so that the unit ends with it; null otherwise
     * @param interrupted whether the unit must not continue
     */
    record Result(
            Proof proof, int alike, int tried, @Nullable UnitOutcome ended, boolean interrupted) {}

    Result run() {
        if (atCommit) {
            UnitOutcome itself = tryOut(share.firstRaw());
            tried++;
            if (itself instanceof UnitOutcome.Committed) {
                // It fails only at COMMIT, which no trial reaches: others cannot be proof.
                return result(behind().isEmpty() && others().isEmpty() ? Proof.NONE : Proof.UNTRIED, null, false);
            }
            if (!isOfItsRecord(itself)) {
                return result(Proof.NONE, itself, false);
            }
            alike = 0;
            compared = 0;
        }
        if (share.taken().isSuspected()) {
            // A record behind one that may have killed its owners may kill as well. Its records come singly.
            return run(others(), Proof.OTHERS);
        }
        Result own = run(spread(ofOtherKeys(behind())), Proof.OWN);
        return isConclusive(own) ? own : run(others(), Proof.OTHERS);
    }

    private boolean isConclusive(Result result) {
        return result.proof() != Proof.NONE || result.ended() != null || result.interrupted() || compared > 0;
    }

    private Result run(List<ConsumerRecord<byte[], byte[]>> candidates, Proof proof) {
        for (ConsumerRecord<byte[], byte[]> candidate : candidates) {
            if (context.units().isStopped() || context.units().isClosed(share.taken())) {
                return result(Proof.NONE, null, true);
            }
            tried++;
            UnitOutcome outcome = tryOut(candidate);
            SqlFacts why = outcome.failure();
            if (why != null && context.ranWhereOthersDid(outcome)) {
                // It may fail for what an earlier record's handler left there.
                context.takeCleanPlace(why.kind());
                outcome = tryOut(candidate);
            }
            if (outcome instanceof UnitOutcome.Committed) {
                if (failed instanceof UnitOutcome.HandlerFailed f
                        && f.facts().isCancelled()
                        && context.transaction().wroteToForeignTable()) {
                    // A wait for a lock on the remote side cannot be distinguished from work that takes long.
                    return result(
                            Proof.NONE, new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, f.cause()), false);
                }
                String topic = share.partition().topic();
                if (!undecodable && context.transaction().wrote()) {
                    context.history().wrote(topic);
                }
                if (undecodable
                        || context.history().counts(topic, context.transaction().wrote(), failure.fromDatabase())) {
                    return result(proof, null, false);
                }
                // It was ignored without an effect, and so did not reach what fails.
                continue;
            }
            if (!isOfItsRecord(outcome)) {
                return result(Proof.NONE, endOf(outcome), false);
            }
            // What its failure kept it from cleaning up would fail the next one.
            context.transaction().takeCleanSession();
        }
        return result(Proof.NONE, null, false);
    }

    /** A record that cannot be decoded for now also makes the one before it wait. */
    private static UnitOutcome endOf(UnitOutcome outcome) {
        return outcome instanceof UnitOutcome.Undecodable undecodable
                ? new UnitOutcome.Transient(ErrorCode.DEPENDENCY_UNAVAILABLE, undecodable.cause())
                : outcome;
    }

    private Result result(Proof proof, @Nullable UnitOutcome ended, boolean interrupted) {
        return new Result(proof, alike, tried, ended, interrupted);
    }

    /** Counts how a record failed; returns false for an outcome that shows nothing about it. */
    private boolean isOfItsRecord(UnitOutcome outcome) {
        if (outcome instanceof UnitOutcome.HandlerFailed failed) {
            compared++;
            alike += !undecodable && failed.facts().kind().equals(failure.kind()) ? 1 : 0;
            return true;
        }
        if (outcome instanceof UnitOutcome.Undecodable failed) {
            // If it did not reach the handler, it shows nothing about what the handler does.
            compared += undecodable ? 1 : 0;
            alike += undecodable && failed.facts().kind().equals(failure.kind()) ? 1 : 0;
            return FailureKind.of(failed.facts()) == FailureKind.HANDLER;
        }
        return outcome instanceof UnitOutcome.TransactionBroken;
    }

    private List<ConsumerRecord<byte[], byte[]>> behind() {
        List<ConsumerRecord<byte[], byte[]>> behind = new ArrayList<>(share.behindFirst());
        if (behind.size() < REACH) {
            behind.addAll(context.units().behind(share.taken(), REACH - behind.size()));
        }
        behind.removeIf(record -> follows(share.history(), record));
        return behind;
    }

    /** Whether it follows a parked one of its key, and may fail for that alone. */
    private static boolean follows(PartitionHistory history, ConsumerRecord<byte[], byte[]> record) {
        return history.isHolding() && record.key() != null && history.holds(KeyHash.of(record.key()));
    }

    private List<ConsumerRecord<byte[], byte[]>> others() {
        List<ConsumerRecord<byte[], byte[]>> others = new ArrayList<>();
        for (ShareProgress<K, V> other : shares) {
            if (other != share
                    && other.partition().topic().equals(share.partition().topic())
                    && others.size() < OTHERS
                    && other.hasLeft()) {
                others.add(other.firstRaw());
            }
        }
        others.addAll(context.units().ofOthers(share.taken(), OTHERS - others.size(), NeighbourTrial::follows));
        return others;
    }

    /** What is wrong with a record is often wrong with its key, so other records of that key say little. */
    private List<ConsumerRecord<byte[], byte[]>> ofOtherKeys(List<ConsumerRecord<byte[], byte[]>> records) {
        byte[] key = share.firstRaw().key();
        return key == null
                ? records
                : records.stream()
                        .filter(record -> !Arrays.equals(key, record.key()))
                        .toList();
    }

    /** The next ones densely, those further on at growing distances: bad records often come in a row. */
    private static <T> List<T> spread(List<T> all) {
        List<T> some = new ArrayList<>();
        for (int i = 0; i < all.size(); i = 2 * i + 1) {
            some.add(all.get(i));
        }
        return some;
    }

    private UnitOutcome tryOut(ConsumerRecord<byte[], byte[]> raw) {
        return context.onHandlerThread(() -> tryOutHere(raw));
    }

    private UnitOutcome tryOutHere(ConsumerRecord<byte[], byte[]> raw) {
        OwnThread.enter(Step.DECODING);
        ConsumerRecord<K, V> record;
        try {
            record = decoder.decode(raw);
        } catch (UndecodableException e) {
            return Undecodables.outcome(e);
        }
        if (undecodable) {
            return new UnitOutcome.Committed(Map.of());
        }
        Progress progress =
                new Progress(1, Host.nanoTime() + context.limits().maxDuration().toNanos());
        UnitTerms terms = UnitTerms.USUAL
                .lockTimed(lockTimed)
                .observed(lockTimed, unseenCounts, share.wasUnseen())
                .asTrial();
        UnitOutcome outcome = context.interceptors()
                .around(
                        () -> context.transaction().run(List.of(share.claim()), terms, tx -> {
                            context.handler().handle(List.of(List.of(record)), tx, progress);
                            return new UnitEnd.Advance(Map.of());
                        }),
                        ended -> context.reports()
                                .trial(share.partition(), context.transaction().times(0)));
        // The handler may have cleared it.
        LogContext.enter(context.groupId());
        return outcome;
    }
}
