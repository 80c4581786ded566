package dev.tidemark.internal.unit;

import dev.tidemark.TidemarkListener.RetryCause;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.plan.Bisection;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.internal.plan.ReactionPlanner;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.plan.UnitStart;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One unit of work from its first transaction until its partitions are settled. It takes one transaction, unless a record fails:
 * then as many as it takes to find that record, in order. Used by one worker, once.
 */
final class UnitRun<K, V> implements Reaction.Cases<Boolean> {
    private static final int CONTENTION_IN_A_SESSION = 4;

    private final WorkerContext<K, V> context;
    private final RecordDecoder<K, V> decoder;
    private final UnitShares<K, V> shares;
    private final AttemptRunner<K, V> runner;
    private final UnitSettlement<K, V> settlement;
    private final FailingRecord failing;
    private UnitPace pace;
    private Attempt<K, V> attempt;
    private @Nullable Bisection search;
    private @Nullable UnitOutcome last;
    private boolean triedInNewSession;

    /**
     * @param beside what was taken together with these shares and runs after them
     */
    UnitRun(
            WorkerContext<K, V> context,
            RecordDecoder<K, V> decoder,
            UnitPace pace,
            List<ShareProgress<K, V>> shares,
            List<ShareProgress<K, V>> beside) {
        this.context = context;
        this.decoder = decoder;
        this.failing = new FailingRecord(context.history());
        this.pace = pace;
        this.shares = UnitShares.of(shares, beside, context.history());
        this.settlement = new UnitSettlement<>(context, this.shares);
        this.runner = new AttemptRunner<>(context, decoder);
        this.attempt = Attempt.all(this.shares.handled());
    }

    /** Runs the unit to its end; returns the pace of the next one. */
    UnitPace run(UnitStart start) {
        UnitOutcome outcome = first(start);
        while (react(outcome)) {
            outcome = context.onHandlerThread(this::tryOnce);
        }
        settlement.settle();
        return pace;
    }

    private UnitOutcome first(UnitStart start) {
        UnitOutcome ended = start instanceof UnitStart.Ended e ? e.outcome() : null;
        attempt = ended == null ? attempt : Attempt.firstRecord(attempt.firstShare());
        String retriedFor = attempt.firstShare().retriedFor();
        if (retriedFor != null && (ended == null || ended instanceof UnitOutcome.Undecodable)) {
            // The policy decides about the record, and not about what others left.
            context.takeCleanPlace(retriedFor);
            return context.onHandlerThread(this::tryOnce);
        }
        long decodeNanos = start instanceof UnitStart.Records records ? records.decodeNanos() : 0;
        return ended != null ? ended : context.onHandlerThread(() -> runner.runFirst(attempt, decodeNanos));
    }

    private UnitOutcome tryOnce() {
        // A handler or a deserializer may have changed what it got the last time.
        try {
            attempt = runner.decoded(attempt);
        } catch (UndecodableException e) {
            attempt = Attempt.firstRecord(attempt.firstShare());
            return Undecodables.outcome(e);
        }
        return runner.run(attempt, failing.isLockTimed(), search != null);
    }

    /** Returns whether the unit continues. */
    private boolean react(UnitOutcome outcome) {
        if (context.units().isStopped() && outcome.failure() != null) {
            // An interrupted handler or deserializer has not failed on its record.
            return leave();
        }
        SqlFacts failure = outcome.failure();
        // Of the transaction that ended like this: parking is another one.
        boolean usedPlace = context.ranWhereOthersDid(outcome);
        if (failure != null && !triedInNewSession && context.mayBeOfOldSession(failure)) {
            triedInNewSession = true;
            context.transaction().takeCleanSession();
            return true;
        }
        UnitOutcome parked = failure == null ? null : runner.parkLeaders(attempt.firstShare());
        if (parked != null) {
            return react(parked);
        }
        if (failure != null && attempt.size() == 1 && attempt.parts().size() > 1) {
            // The other partitions of the unit only move, or only follow parked records: the failure is not theirs.
            attempt = attempt.ofTheRecord();
            return true;
        }
        last = outcome;
        Reaction reaction = ReactionPlanner.plan(
                outcome,
                attempt.facts(context.groupId(), Host.random()),
                failure == null
                        ? null
                        : failing.facts(attempt, outcome, failure, runner.wasLockTimed(), usedPlace, context.policy()));
        // The failure policy may have left it interrupted; if we have interrupted it, it has decided nothing.
        return (OwnThread.mayContinue() || failure == null) ? reaction.fold(this) : leave();
    }

    private boolean leave() {
        shares.close();
        return false;
    }

    @Override
    public Boolean proceed(Reaction.Proceed reaction) {
        int handled = attempt.moved(reaction.moves());
        if (handled == 1 && attempt.size() == 1) {
            failing.succeeded(attempt.firstShare());
        }
        runner.committed(attempt, reaction.moves());
        failing.forget();
        if (handled > 0) {
            pace = pace.afterSuccess(handled, runner.took(), context.limits());
        }
        Bisection current = search;
        return current != null && narrow(current.succeeded(handled));
    }

    @Override
    public Boolean isolate() {
        return narrow(Bisection.after(attempt.size(), attempt.failing(runner.progress())));
    }

    private boolean narrow(Bisection next) {
        search = next;
        if (next.isOver() || shares.leftInEach().isEmpty() || shares.isLeaving(context.units())) {
            return false;
        }
        attempt = Attempt.first(shares.handled(), next.next(shares.leftInEach()));
        if (next.isPinned()) {
            failing.pin(attempt.firstShare());
        }
        return true;
    }

    @Override
    public Boolean tryLockTimed(Reaction.TryLockTimed reaction) {
        failing.lockTimed();
        attempt.firstShare().lockTimed();
        return true;
    }

    @Override
    public Boolean tryNeighbours(Reaction.TryNeighbours reaction) {
        context.transaction().takeCleanSession();
        NeighbourTrial.Result result = new NeighbourTrial<>(
                        context,
                        decoder,
                        attempt.firstShare(),
                        shares.comparable(),
                        lastFailure(),
                        Objects.requireNonNull(last),
                        runner.wasLockTimed(),
                        runner.hasUnseenCounted())
                .run();
        if (result.interrupted()) {
            return false;
        }
        if (result.ended() != null) {
            return react(result.ended());
        }
        // Also if none succeeded: the common cause may be gone by now.
        failing.compared(reaction.decided(), result.proof(), result.alike(), result.tried());
        context.takeCleanPlace(lastFailure().kind());
        return true;
    }

    private SqlFacts lastFailure() {
        return Objects.requireNonNull(Objects.requireNonNull(last).failure());
    }

    @Override
    public Boolean tryAgain(Reaction.TryAgain reaction) {
        failing.decided(reaction.decided());
        context.takeCleanPlace(lastFailure().kind());
        return true;
    }

    @Override
    public Boolean tryLater(Reaction.TryLater reaction) {
        ShareProgress<K, V> share = attempt.firstShare();
        settlement.retrying(List.of(share.claim()), RetryCause.RECORD, reaction.why(), reaction.delay());
        share.tryInAnotherRound(failing.nextRound(share, reaction.decided()));
        share.waitFor(reaction.delay());
        return false;
    }

    @Override
    public Boolean reclaim(Reaction.Reclaim reaction) {
        settlement.lost(attempt, reaction);
        return false;
    }

    @Override
    public Boolean retry(Reaction.RetryAfter reaction) {
        if (reaction.smaller()) {
            pace = pace.afterContention(attempt.reached(runner.progress()));
            if (attempt.firstShare().taken().attempt() % CONTENTION_IN_A_SESSION == 0) {
                // An isolation level that an earlier record's handler left may be why.
                context.transaction().takeCleanSession();
            }
        }
        RetryCause cause = reaction.smaller() ? RetryCause.CONTENTION : RetryCause.TRANSIENT;
        ShareProgress<K, V> first = attempt.firstShare();
        boolean waits = reaction.why().code() == ErrorCode.UNIT_WAITS;
        if (waits && runner.wasLockTimed() && attempt.size() == 1 && first.hasLeft()) {
            first.waited(context.transaction().seenAtLimit());
        }
        List<ShareProgress<K, V>> waiting = attempt.waiting(reaction, runner.progress());
        settlement.retrying(UnitShares.claims(waiting), cause, reaction.why(), reaction.delay());
        attempt.failTransiently(waiting, reaction, runner.hasReachedHandler(), runner.progress());
        return false;
    }

    @Override
    public Boolean retryRecord(Reaction.RetryRecord reaction) {
        context.transaction().takeCleanSession();
        ShareProgress<K, V> share = attempt.firstShare();
        settlement.retrying(List.of(share.claim()), RetryCause.RECORD, reaction.why(), reaction.delay());
        share.tryAlone(share.attemptsAlone() + 1);
        share.waitFor(reaction.delay());
        return false;
    }

    @Override
    public Boolean giveUp(Reaction.GiveUp reaction) {
        ShareProgress<K, V> share = attempt.firstShare();
        int attempts = share.attemptsAlone();
        SqlFacts failure = lastFailure();
        RecordId record = new RecordId(share.partition(), share.firstRaw().offset());
        Reaction.Halt otherwise = reaction.otherwise();
        if (!context.history().reserve(record, failure, otherwise != null) && otherwise != null) {
            return halt(otherwise);
        }
        UnitOutcome outcome = new GiveUpUnit<>(context, share, reaction).run();
        if (outcome instanceof UnitOutcome.Committed) {
            context.history().gaveUp(record, failure);
            context.events().moved(List.of(share.claim()));
            return false;
        }
        if (!(outcome instanceof UnitOutcome.CommitUnknown)) {
            context.history().release(record, failure);
        }
        // Not given up yet: it is tried by itself again, and that does not count.
        share.tryAlone(attempts);
        if (outcome instanceof UnitOutcome.HandlerFailed) {
            Duration delay = Backoff.TRANSIENT.after(share.taken().attempt(), Host.random());
            settlement.retrying(List.of(share.claim()), RetryCause.TRANSIENT, reaction.why(), delay);
            share.failTransiently(delay);
            return false;
        }
        return react(outcome);
    }

    @Override
    public Boolean halt(Reaction.Halt reaction) {
        SqlFacts failure = reaction.why().code() == ErrorCode.NOT_THE_RECORD && last != null ? last.failure() : null;
        if (failure != null) {
            context.history().failTogether(attempt.firstShare().partition(), failure);
        }
        settlement.halted(attempt, reaction);
        return false;
    }

    @Override
    public Boolean stop(Reaction.Stop reaction) {
        settlement.stopped(reaction);
        return false;
    }
}
