package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.UnitStart;
import dev.tidemark.internal.queue.RawRecords;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.Claim;
import dev.tidemark.ErrorCode;
import dev.tidemark.Position;
import dev.tidemark.TidemarkException;
import dev.tidemark.TidemarkListener.RetryCause;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.plan.Bisection;
import dev.tidemark.internal.plan.Evidence;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.internal.plan.ReactionPlanner;
import dev.tidemark.internal.plan.ReactionPlanner.RecordFacts;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.store.SqlFailures;
import dev.tidemark.internal.store.UnitEnd;
import dev.tidemark.internal.store.UnitTransaction.Terms;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.unit.UnitHandler.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One unit of work from its first transaction until its partitions are settled. It takes one transaction, unless a record fails:
 * then as many as it takes to find that record, in order. Used by one worker, once.
 */
final class UnitRun<K, V> implements Reaction.Cases<Boolean> {
    private final WorkerContext<K, V> tools;
    private final RecordDecoder<K, V> decoder;
    private final List<ShareProgress<K, V>> shares;

    /** Those of the parts whose records this unit handles. */
    private final List<ShareProgress<K, V>> judged;

    private final List<Runnable> news = new ArrayList<>();
    private final FailingRecord failing;
    private UnitPace pace;
    private Attempt<K, V> attempt;
    private @Nullable Bisection search;
    private boolean tried;

    // What is known of the transaction just tried.
    private @Nullable UnitOutcome last;
    private @Nullable Progress progress;
    private boolean lockTimed;
    private boolean watched;
    private Duration took = Duration.ZERO;
    private long decodeNanos;

    UnitRun(WorkerContext<K, V> tools, RecordDecoder<K, V> decoder, UnitPace pace, List<ShareProgress<K, V>> shares) {
        this.tools = tools;
        this.decoder = decoder;
        this.failing = new FailingRecord(tools.history());
        this.pace = pace;
        this.shares = shares;
        this.judged = judgedTogether();
        this.attempt = Attempt.all(judged);
    }

    /** All parts, unless what a success of one topic proves matters: then only those of one. */
    private List<ShareProgress<K, V>> judgedTogether() {
        boolean matters = shares.stream()
                .anyMatch(share -> tools.history().hasGivenUp(share.partition().topic()));
        String topic = shares.get(0).partition().topic();
        return matters
                ? shares.stream()
                        .filter(share -> share.partition().topic().equals(topic))
                        .toList()
                : shares;
    }

    /** Runs the unit to its end; returns the pace of the next one. */
    UnitPace run(UnitStart start) {
        UnitOutcome first;
        if (start instanceof UnitStart.Records records) {
            decodeNanos = records.decodeNanos();
            first = tryOnce();
        } else {
            attempt = Attempt.firstRecord(attempt.firstShare());
            tried = true;
            first = ((UnitStart.Ended) start).outcome();
        }
        boolean again = react(first);
        while (again) {
            again = react(tryOnce());
        }
        return settle();
    }

    private UnitOutcome tryOnce() {
        long began = System.nanoTime();
        if (tried) {
            tools.transaction().unitTaken(began);
            // A handler or a deserializer may have changed what it got the last time.
            try {
                attempt = attempt.decoded(decoder);
            } catch (UndecodableException e) {
                attempt = Attempt.firstRecord(attempt.firstShare());
                return outcomeOf(e);
            }
            decodeNanos += System.nanoTime() - began;
        }
        tried = true;
        Progress current = new Progress(
                attempt.parts().size(), System.nanoTime() + tools.limits().time().toNanos());
        progress = current;
        Set<String> topics =
                attempt.shares().stream().map(share -> share.partition().topic()).collect(Collectors.toSet());
        lockTimed = failing.isLockTimed() || attempt.shares().stream().anyMatch(ShareProgress::isLockTimed);
        boolean held = attempt.shares().stream().anyMatch(share -> share.history().isRowHeld());
        boolean first = attempt.shares().stream().allMatch(share -> share.taken().attempt() == 1);
        watched = search != null || attempt.shares().stream().anyMatch(this::isWritingOfInterest);
        Terms terms = Terms.USUAL
                .lockTimed(lockTimed)
                .afterHeld(held)
                .watched(watched)
                .firstTry(first && search == null);
        UnitOutcome outcome = tools.transaction().run(attempt.claims(), terms, tx -> {
            if (attempt.size() > 0) {
                tools.handler().handle(attempt.handedOver(), tx, current);
            }
            tools.identities().confirm(topics);
            Map<Claim, Position> moves = attempt.moves(current);
            return new UnitEnd.Advance(moves, attempt.followers(moves));
        });
        took = Duration.ofNanos(System.nanoTime() - began);
        // The handler may have cleared it.
        LogContext.enter(tools.groupId());
        long decoding = decodeNanos;
        decodeNanos = 0;
        if (attempt.size() > 0 || attempt.shares().stream().noneMatch(ShareProgress::onlyFollows)) {
            tools.reports()
                    .ended(
                            outcome,
                            () -> attempt.counts(outcome),
                            () -> tools.transaction().times(decoding));
        }
        return outcome;
    }

    static UnitOutcome outcomeOf(UndecodableException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return new UnitOutcome.Undecodable(e.side(), cause, SqlFailures.facts(cause));
    }

    /** Returns whether the unit goes on. */
    private boolean react(UnitOutcome outcome) {
        if (tools.queues().isStopped() && failureOf(outcome) != null) {
            // An interrupted handler or deserializer has not failed on its record.
            shares.forEach(ShareProgress::close);
            return false;
        }
        UnitOutcome parked = failureOf(outcome) == null ? null : parkLeaders();
        if (parked != null) {
            return react(parked);
        }
        if (failureOf(outcome) != null && attempt.size() == 1 && attempt.parts().size() > 1) {
            // The other partitions of the unit only move, or only follow parked records: it is not theirs.
            attempt = attempt.ofTheRecord();
            return true;
        }
        last = outcome;
        Reaction reaction = ReactionPlanner.plan(
                outcome,
                attempt.facts(tools.groupId(), ThreadLocalRandom.current().nextDouble()),
                recordFacts(outcome));
        // The failure policy may have left it interrupted.
        boolean unused = OwnThread.goesOn();
        return reaction.fold(this);
    }

    /**
     * Parks what stands before the first record, which has failed, behind the parked ones of its keys: what becomes of that record
     * is not theirs.
     *
     * @return how that ended, if it did not take effect; null if it did, and where nothing stands before
     */
    private @Nullable UnitOutcome parkLeaders() {
        ShareProgress<K, V> share = attempt.firstShare();
        if (!share.hasLeaders()) {
            return null;
        }
        Position to = share.after(0);
        UnitEnd end = new UnitEnd.Advance(Map.of(share.claim(), to), share.followers(to));
        UnitOutcome outcome = tools.transaction().run(List.of(share.claim()), tx -> end);
        if (outcome instanceof UnitOutcome.Committed) {
            moved(share, to);
            tell(List.of(share.claim()));
            return null;
        }
        return outcome instanceof UnitOutcome.HandlerFailed failed
                ? new UnitOutcome.Troubled(FailureKind.PASSING, failed.cause())
                : outcome;
    }

    private void moved(ShareProgress<K, V> share, Position to) {
        List<ConsumerRecord<byte[], byte[]>> followers = share.followers(to);
        share.moved(to);
        if (!followers.isEmpty()) {
            tools.reports().followed(share.partition(), followers.get(0).offset(), followers.size());
        }
    }

    /** What decisions need to know of the first record, if it may have failed by itself; null otherwise. */
    private @Nullable RecordFacts recordFacts(UnitOutcome outcome) {
        ShareProgress<K, V> first = attempt.firstShare();
        SqlFacts failure = failureOf(outcome);
        if (failure == null || !first.hasLeft()) {
            return null;
        }
        Evidence evidence = Evidence.none();
        if (attempt.size() > 1) {
            failing.failedTogether(attempt.shares(), failure);
        } else if (lockTimed || !failure.isCancelled() || outcome instanceof UnitOutcome.Undecodable) {
            evidence = failing.evidence(first, failure, tools.transaction().wasCleanSession());
        }
        return new RecordFacts(
                tools.policy(),
                RawRecords.copy(first.firstRaw()),
                first.attemptsAlone() + 1,
                first.history().givenUp(),
                lockTimed,
                evidence);
    }

    /** What a failure of records says; null for other outcomes. */
    private static @Nullable SqlFacts failureOf(UnitOutcome outcome) {
        if (outcome instanceof UnitOutcome.HandlerFailed failed) {
            return failed.facts();
        }
        return outcome instanceof UnitOutcome.Undecodable failed ? failed.facts() : null;
    }

    private UnitPace settle() {
        shares.forEach(tools.suspected()::end);
        List<Claim> recovered = claims(shares.stream().filter(ShareProgress::hasRecovered).toList());
        tools.queues().settle(inTurn().stream().map(ShareProgress::settlement).toList());
        if (!recovered.isEmpty()) {
            tools.events().recovered(recovered);
        }
        news.forEach(Runnable::run);
        return pace;
    }

    /** Those that were left out come first the next time, or a busy topic would keep them out. */
    private List<ShareProgress<K, V>> inTurn() {
        if (judged.size() == shares.size()) {
            return shares;
        }
        Set<ShareProgress<K, V>> handled = Set.copyOf(judged);
        List<ShareProgress<K, V>> inTurn = new ArrayList<>(
                shares.stream().filter(share -> !handled.contains(share)).toList());
        inTurn.addAll(judged);
        return inTurn;
    }

    @Override
    public Boolean goOn(Reaction.GoOn reaction) {
        int handled = attempt.moved(reaction.moves());
        if (handled == 1 && attempt.size() == 1) {
            failing.succeeded(attempt.firstShare());
        }
        List<Claim> moved = new ArrayList<>();
        boolean one = watched && attempt.topics() == 1;
        for (Attempt.Part<K, V> part : attempt.parts()) {
            ShareProgress<K, V> share = part.share();
            Position to = reaction.moves().get(share.claim());
            if (to != null) {
                moved(share, to);
                moved.add(share.claim());
                share.history().rowHeld(false);
                if (part.count() > 0) {
                    hadEffect(part, one);
                }
            }
        }
        tell(moved);
        failing.forget();
        if (handled > 0) {
            pace = pace.afterSuccess(handled, took, tools.limits());
        }
        Bisection current = search;
        return current != null && narrow(current.succeeded(handled));
    }

    /**
     * @param one whether the transaction held records of this topic only, so that what it wrote is theirs
     */
    private void hadEffect(Attempt.Part<K, V> part, boolean one) {
        ShareProgress<K, V> share = part.share();
        share.history().succeeded();
        String topic = share.partition().topic();
        if (watched) {
            if (tools.transaction().wrote() && one) {
                if (attempt.size() == part.count()) {
                    share.history().wrote();
                }
                tools.history().wrote(topic);
            }
            tools.history().succeeded(topic, one && tools.transaction().wasReadyToWrite());
        }
    }

    /** Whether it says anything if a record of this partition writes a row, or none. */
    private boolean isWritingOfInterest(ShareProgress<K, V> share) {
        String topic = share.partition().topic();
        return tools.history().hasGivenUp(topic) || tools.history().isLookDue(topic);
    }

    private void tell(List<Claim> moved) {
        // Told before it is settled: a revocation waits for no more than that, and the next unit's position comes
        // after.
        tools.events().moved(moved);
    }

    @Override
    public Boolean isolate() {
        return narrow(Bisection.after(attempt.size(), attempt.failing(progress)));
    }

    private boolean narrow(Bisection next) {
        search = next;
        List<Integer> sizes = judged.stream()
                .map(share -> share.left().size())
                .filter(size -> size > 0)
                .toList();
        boolean leaving = shares.stream().anyMatch(share -> tools.queues().isClosed(share.taken()));
        if (next.isOver() || sizes.isEmpty() || leaving || tools.queues().isStopped()) {
            return false;
        }
        attempt = Attempt.first(judged, next.next(sizes));
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
        UnitOutcome failed = Objects.requireNonNull(last);
        takeCleanSession();
        NeighbourTrial.Result result = new NeighbourTrial<>(
                        tools,
                        decoder,
                        attempt.firstShare(),
                        shares,
                        Objects.requireNonNull(failureOf(failed)),
                        failed,
                        lockTimed)
                .run();
        if (result.interrupted()) {
            return false;
        }
        if (result.ended() != null) {
            return react(result.ended());
        }
        // Also if none succeeded: whatever was in the way of all of them may be gone by now.
        failing.compared(reaction.decided(), result.proof(), result.alike(), result.tried());
        takeCleanSession();
        return true;
    }

    @Override
    public Boolean tryAgain(Reaction.TryAgain reaction) {
        failing.decided(reaction.decided());
        takeCleanSession();
        return true;
    }

    @Override
    public Boolean tryLater(Reaction.TryLater reaction) {
        ShareProgress<K, V> share = attempt.firstShare();
        retrying(List.of(share.claim()), RetryCause.RECORD, reaction.why(), reaction.delay());
        share.tryInAnotherRound(failing.nextRound(share, reaction.decided()));
        share.waitFor(reaction.delay());
        return false;
    }

    /** What failed in the database may have failed on what earlier units left in the session. */
    private void takeCleanSession() {
        SqlFacts failure = failureOf(Objects.requireNonNull(last));
        if (failure != null && failure.fromDatabase() && failing.isSessionSuspect(attempt.firstShare(), failure)) {
            tools.transaction().takeCleanSession();
        }
    }

    @Override
    public Boolean reclaim(Reaction.Reclaim reaction) {
        List<ShareProgress<K, V>> lost = attempt.shares().stream()
                .filter(share -> reaction.partitions().contains(share.partition()))
                .toList();
        lost.forEach(ShareProgress::close);
        news.add(() -> tools.events().lost(claims(lost), reaction.why()));
        return false;
    }

    @Override
    public Boolean retry(Reaction.RetryAfter reaction) {
        if (reaction.smaller()) {
            pace = pace.afterContention(attempt.reached(progress));
        }
        RetryCause cause = reaction.smaller() ? RetryCause.CONTENTION : RetryCause.TROUBLE;
        List<ShareProgress<K, V>> waiting = attempt.shares().stream()
                .filter(share -> reaction.concerns(share.partition()))
                .toList();
        retrying(claims(waiting), cause, reaction.why(), reaction.delay());
        for (ShareProgress<K, V> share : waiting) {
            share.history().rowHeld(reaction.why().code() == ErrorCode.ROW_LOCKED);
            share.trouble(reaction.delay());
        }
        return false;
    }

    @Override
    public Boolean retryRecord(Reaction.RetryRecord reaction) {
        ShareProgress<K, V> share = attempt.firstShare();
        retrying(List.of(share.claim()), RetryCause.RECORD, reaction.why(), reaction.delay());
        share.tryAlone(share.attemptsAlone() + 1);
        share.waitFor(reaction.delay());
        return false;
    }

    @Override
    public Boolean giveUp(Reaction.GiveUp reaction) {
        ShareProgress<K, V> share = attempt.firstShare();
        int attempts = share.attemptsAlone();
        UnitOutcome outcome = new GiveUpUnit<>(tools, share, reaction).run();
        if (outcome instanceof UnitOutcome.Committed) {
            tools.history()
                    .gaveUp(share.partition().topic(), Objects.requireNonNull(failureOf(Objects.requireNonNull(last))));
            tell(List.of(share.claim()));
            return false;
        }
        // Not given up yet: it is tried by itself again, and that does not count.
        share.tryAlone(attempts);
        if (outcome instanceof UnitOutcome.HandlerFailed) {
            Duration delay = Backoff.TROUBLE.after(
                    share.taken().attempt(), ThreadLocalRandom.current().nextDouble());
            retrying(List.of(share.claim()), RetryCause.TROUBLE, reaction.why(), delay);
            share.trouble(delay);
            return false;
        }
        return react(outcome);
    }

    private void retrying(List<Claim> claims, RetryCause cause, TidemarkException why, Duration delay) {
        // Told before it is settled, so that the news of its recovery cannot come first.
        tools.events().retrying(claims, why);
        tools.reports().retrying(claims, cause, why.code(), delay);
    }

    @Override
    public Boolean halt(Reaction.Halt reaction) {
        SqlFacts failure = reaction.why().code() == ErrorCode.NOT_THE_RECORD && last != null ? failureOf(last) : null;
        if (failure != null) {
            tools.history().failTogether(attempt.firstShare().partition().topic(), failure);
        }
        List<ShareProgress<K, V>> halted = attempt.shares().stream()
                .filter(share -> reaction.concerns(share.partition().topic()))
                .toList();
        halted.forEach(ShareProgress::close);
        news.add(() -> tools.events().halted(claims(halted), reaction.why()));
        return false;
    }

    @Override
    public Boolean stop(Reaction.Stop reaction) {
        shares.forEach(ShareProgress::close);
        news.add(() -> tools.events().failed(reaction.why()));
        return false;
    }

    private static <K, V> List<Claim> claims(List<ShareProgress<K, V>> shares) {
        return shares.stream().map(ShareProgress::claim).toList();
    }
}
