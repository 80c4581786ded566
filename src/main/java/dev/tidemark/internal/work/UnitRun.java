package dev.tidemark.internal.work;

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
import dev.tidemark.internal.work.RecordDecoder.UndecodableException;
import dev.tidemark.internal.work.UnitHandler.Progress;
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
    private final List<ShareProgress<K, V>> parts;

    /** Those of the parts whose records this unit handles. */
    private final List<ShareProgress<K, V>> judged;

    private final List<Runnable> news = new ArrayList<>();
    private final FailingRecord failing;
    private UnitPace pace;
    private Attempt<K, V> slice;
    private @Nullable Bisection search;
    private boolean tried;

    // What is known of the transaction just tried.
    private @Nullable UnitOutcome last;
    private @Nullable Progress progress;
    private boolean lockTimed;
    private boolean watched;
    private Duration took = Duration.ZERO;
    private long decodeNanos;

    UnitRun(WorkerContext<K, V> tools, RecordDecoder<K, V> decoder, UnitPace pace, List<ShareProgress<K, V>> parts) {
        this.tools = tools;
        this.decoder = decoder;
        this.failing = new FailingRecord(tools.history());
        this.pace = pace;
        this.parts = parts;
        this.judged = judgedTogether();
        this.slice = Attempt.all(judged);
    }

    /** All parts, unless what a success of one topic proves matters: then only those of one. */
    private List<ShareProgress<K, V>> judgedTogether() {
        boolean matters = parts.stream()
                .anyMatch(part -> tools.history().hasGivenUp(part.partition().topic()));
        String topic = parts.get(0).partition().topic();
        return matters
                ? parts.stream()
                        .filter(part -> part.partition().topic().equals(topic))
                        .toList()
                : parts;
    }

    /**
     * Handles the records; answers the pace of the next unit.
     *
     * @param decoding how long they were decoded, in nanoseconds
     */
    UnitPace handle(long decoding) {
        decodeNanos = decoding;
        return goOn(attempt());
    }

    private UnitPace goOn(UnitOutcome first) {
        boolean again = react(first);
        while (again) {
            again = react(attempt());
        }
        return settle();
    }

    /** Whether a record that may have killed its owners may be tried here; ends the unit if not. */
    boolean admits() {
        ShareProgress<K, V> part = slice.firstPart();
        long offset = part.next().offset();
        if (!tools.survivors().begin(part.partition(), offset)) {
            return true;
        }
        UnitOutcome counted = tools.notes().countAttempt(part.claim(), offset);
        if (counted instanceof UnitOutcome.Committed) {
            return true;
        }
        if (!(counted instanceof UnitOutcome.CommitUnknown)) {
            tools.survivors().forget(part.partition(), offset);
        }
        boolean unused = react(counted);
        pace = settle();
        return false;
    }

    /** Ends a unit whose first record cannot be decoded. */
    UnitPace undecodable(UndecodableException e) {
        slice = Attempt.firstRecord(slice.firstPart());
        tried = true;
        return goOn(outcomeOf(e));
    }

    private UnitOutcome attempt() {
        long began = System.nanoTime();
        if (tried) {
            tools.transaction().unitTaken(began);
            // A handler or a deserializer may have changed what it got the last time.
            try {
                slice = slice.decoded(decoder);
            } catch (UndecodableException e) {
                slice = Attempt.firstRecord(slice.firstPart());
                return outcomeOf(e);
            }
            decodeNanos += System.nanoTime() - began;
        }
        tried = true;
        Progress current = new Progress(
                slice.pieces().size(), System.nanoTime() + tools.limits().time().toNanos());
        progress = current;
        Set<String> topics =
                slice.parts().stream().map(part -> part.partition().topic()).collect(Collectors.toSet());
        lockTimed = failing.isLockTimed() || slice.parts().stream().anyMatch(ShareProgress::isLockTimed);
        boolean held = slice.parts().stream().anyMatch(part -> part.lane().rowHeld);
        boolean first = slice.parts().stream().allMatch(part -> part.portion().attempt() == 1);
        watched = search != null || slice.parts().stream().anyMatch(this::isWritingOfInterest);
        Terms terms = Terms.USUAL
                .lockTimed(lockTimed)
                .afterHeld(held)
                .watched(watched)
                .firstTry(first && search == null);
        UnitOutcome outcome = tools.transaction().run(slice.claims(), terms, tx -> {
            if (slice.size() > 0) {
                tools.handler().handle(slice.records(), tx, current);
            }
            tools.identities().confirm(topics);
            Map<Claim, Position> moves = slice.moves(current);
            return new UnitEnd.Advance(moves, slice.followers(moves));
        });
        took = Duration.ofNanos(System.nanoTime() - began);
        // The handler may have cleared it.
        LogContext.enter(tools.groupId());
        long decoding = decodeNanos;
        decodeNanos = 0;
        if (slice.size() > 0 || slice.parts().stream().noneMatch(ShareProgress::onlyFollows)) {
            tools.reports()
                    .ended(
                            outcome,
                            () -> slice.counts(outcome),
                            () -> tools.transaction().times(decoding));
        }
        return outcome;
    }

    private static UnitOutcome outcomeOf(UndecodableException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return new UnitOutcome.Undecodable(e.side(), cause, SqlFailures.facts(cause));
    }

    /** Returns whether the unit goes on. */
    private boolean react(UnitOutcome outcome) {
        if (tools.intake().isStopped() && failureOf(outcome) != null) {
            // An interrupted handler or deserializer has not failed on its record.
            parts.forEach(ShareProgress::close);
            return false;
        }
        UnitOutcome parked = failureOf(outcome) == null ? null : parkLeaders();
        if (parked != null) {
            return react(parked);
        }
        if (failureOf(outcome) != null && slice.size() == 1 && slice.pieces().size() > 1) {
            // The other partitions of the unit only move, or only follow parked records: it is not theirs.
            slice = slice.ofTheRecord();
            return true;
        }
        last = outcome;
        Reaction reaction = ReactionPlanner.plan(
                outcome,
                slice.facts(tools.groupId(), ThreadLocalRandom.current().nextDouble()),
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
        ShareProgress<K, V> part = slice.firstPart();
        if (!part.hasLeaders()) {
            return null;
        }
        Position to = part.after(0);
        UnitEnd end = new UnitEnd.Advance(Map.of(part.claim(), to), part.followers(to));
        UnitOutcome outcome = tools.transaction().run(List.of(part.claim()), tx -> end);
        if (outcome instanceof UnitOutcome.Committed) {
            moved(part, to);
            tell(List.of(part.claim()));
            return null;
        }
        return outcome instanceof UnitOutcome.HandlerFailed failed
                ? new UnitOutcome.Troubled(FailureKind.PASSING, failed.cause())
                : outcome;
    }

    private void moved(ShareProgress<K, V> part, Position to) {
        List<ConsumerRecord<byte[], byte[]>> followers = part.followers(to);
        part.moved(to);
        if (!followers.isEmpty()) {
            tools.reports().followed(part.partition(), followers.get(0).offset(), followers.size());
        }
    }

    /** What decisions need to know of the first record, if it may have failed by itself; null otherwise. */
    private @Nullable RecordFacts recordFacts(UnitOutcome outcome) {
        ShareProgress<K, V> first = slice.firstPart();
        SqlFacts failure = failureOf(outcome);
        if (failure == null || !first.hasLeft()) {
            return null;
        }
        Evidence evidence = Evidence.none();
        if (slice.size() > 1) {
            failing.failedTogether(slice.parts(), failure);
        } else if (lockTimed || !failure.isCancelled() || outcome instanceof UnitOutcome.Undecodable) {
            evidence = failing.evidence(first, failure, tools.transaction().wasCleanSession());
        }
        return new RecordFacts(
                tools.policy(),
                RawRecords.copy(first.firstRaw()),
                first.attemptsAlone() + 1,
                first.lane().givenUp,
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
        parts.forEach(this::noteSurvival);
        List<Claim> recovered = claims(parts.stream().filter(ShareProgress::hasRecovered).toList());
        tools.intake().settle(inTurn().stream().map(ShareProgress::settlement).toList());
        if (!recovered.isEmpty()) {
            tools.events().recovered(recovered);
        }
        news.forEach(Runnable::run);
        return pace;
    }

    /** Those that were left out come first the next time, or a busy topic would keep them out. */
    private List<ShareProgress<K, V>> inTurn() {
        if (judged.size() == parts.size()) {
            return parts;
        }
        Set<ShareProgress<K, V>> handled = Set.copyOf(judged);
        List<ShareProgress<K, V>> inTurn = new ArrayList<>(
                parts.stream().filter(part -> !handled.contains(part)).toList());
        inTurn.addAll(judged);
        return inTurn;
    }

    /** Whatever became of a suspected record, this process lives; once the position is beyond it, nobody asks any more. */
    private void noteSurvival(ShareProgress<K, V> part) {
        if (part.lane().isSuspected() && !part.portion().records().isEmpty() && !part.hasMoved()) {
            long offset = part.next().offset();
            if (tools.survivors().isBegun(part.partition(), offset)
                    && (tools.notes().survived(part.claim(), offset) || handOver(part, offset))) {
                tools.survivors().forget(part.partition(), offset);
            }
        }
    }

    /** Where the record will not be tried again here, no later unit would note it. */
    private boolean handOver(ShareProgress<K, V> part, long offset) {
        boolean leaving = part.isClosing() || tools.intake().isClosed(part.portion());
        if (leaving) {
            tools.events().survived(part.claim(), offset);
        }
        return leaving;
    }

    @Override
    public Boolean goOn(Reaction.GoOn reaction) {
        int handled = slice.moved(reaction.moves());
        if (handled == 1 && slice.size() == 1) {
            failing.succeeded(slice.firstPart());
        }
        List<Claim> moved = new ArrayList<>();
        boolean one = watched && slice.topics() == 1;
        for (Attempt.Records<K, V> piece : slice.pieces()) {
            ShareProgress<K, V> part = piece.part();
            Position to = reaction.moves().get(part.claim());
            if (to != null) {
                moved(part, to);
                moved.add(part.claim());
                part.lane().rowHeld = false;
                if (piece.count() > 0) {
                    hadEffect(piece, one);
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
    private void hadEffect(Attempt.Records<K, V> piece, boolean one) {
        ShareProgress<K, V> part = piece.part();
        part.lane().givenUp = 0;
        part.lane().successes++;
        String topic = part.partition().topic();
        if (watched) {
            if (tools.transaction().wrote() && one) {
                part.lane().writes += slice.size() == piece.count() ? 1 : 0;
                tools.history().wrote(topic);
            }
            tools.history().succeeded(topic, one && tools.transaction().wasReadyToWrite());
        }
    }

    /** Whether it says anything if a record of this partition writes a row, or none. */
    private boolean isWritingOfInterest(ShareProgress<K, V> part) {
        String topic = part.partition().topic();
        return tools.history().hasGivenUp(topic) || tools.history().isLookDue(topic);
    }

    private void tell(List<Claim> moved) {
        // Told before it is settled: a revocation waits for no more than that, and the next unit's position comes
        // after.
        tools.events().moved(moved);
    }

    @Override
    public Boolean isolate() {
        return narrow(Bisection.after(slice.size(), slice.failing(progress)));
    }

    private boolean narrow(Bisection next) {
        search = next;
        List<Integer> sizes = judged.stream()
                .map(part -> part.left().size())
                .filter(size -> size > 0)
                .toList();
        boolean leaving = parts.stream().anyMatch(part -> tools.intake().isClosed(part.portion()));
        if (next.isOver() || sizes.isEmpty() || leaving || tools.intake().isStopped()) {
            return false;
        }
        slice = Attempt.first(judged, next.next(sizes));
        if (next.isPinned()) {
            failing.pin(slice.firstPart());
        }
        return true;
    }

    @Override
    public Boolean tryLockTimed(Reaction.TryLockTimed reaction) {
        failing.lockTimed();
        slice.firstPart().lockTimed();
        return true;
    }

    @Override
    public Boolean tryNeighbours(Reaction.TryNeighbours reaction) {
        UnitOutcome failed = Objects.requireNonNull(last);
        takeCleanSession();
        NeighbourTrial.Result result = new NeighbourTrial<>(
                        tools,
                        decoder,
                        slice.firstPart(),
                        parts,
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
        ShareProgress<K, V> part = slice.firstPart();
        retrying(List.of(part.claim()), RetryCause.RECORD, reaction.why(), reaction.delay());
        part.tryInAnotherRound(failing.nextRound(part, reaction.decided()));
        part.waitFor(reaction.delay());
        return false;
    }

    /** What failed in the database may have failed on what earlier units left in the session. */
    private void takeCleanSession() {
        SqlFacts failure = failureOf(Objects.requireNonNull(last));
        if (failure != null && failure.fromDatabase() && failing.isSessionSuspect(slice.firstPart(), failure)) {
            tools.transaction().takeCleanSession();
        }
    }

    @Override
    public Boolean reclaim(Reaction.Reclaim reaction) {
        List<ShareProgress<K, V>> lost = slice.parts().stream()
                .filter(part -> reaction.partitions().contains(part.partition()))
                .toList();
        lost.forEach(ShareProgress::close);
        news.add(() -> tools.events().lost(claims(lost), reaction.why()));
        return false;
    }

    @Override
    public Boolean retry(Reaction.RetryAfter reaction) {
        if (reaction.smaller()) {
            pace = pace.afterContention(slice.reached(progress));
        }
        RetryCause cause = reaction.smaller() ? RetryCause.CONTENTION : RetryCause.TROUBLE;
        List<ShareProgress<K, V>> waiting = slice.parts().stream()
                .filter(part -> reaction.concerns(part.partition()))
                .toList();
        retrying(claims(waiting), cause, reaction.why(), reaction.delay());
        for (ShareProgress<K, V> part : waiting) {
            part.lane().rowHeld = reaction.why().code() == ErrorCode.ROW_LOCKED;
            part.trouble(reaction.delay());
        }
        return false;
    }

    @Override
    public Boolean retryRecord(Reaction.RetryRecord reaction) {
        ShareProgress<K, V> part = slice.firstPart();
        retrying(List.of(part.claim()), RetryCause.RECORD, reaction.why(), reaction.delay());
        part.tryAlone(part.attemptsAlone() + 1);
        part.waitFor(reaction.delay());
        return false;
    }

    @Override
    public Boolean giveUp(Reaction.GiveUp reaction) {
        ShareProgress<K, V> part = slice.firstPart();
        int attempts = part.attemptsAlone();
        UnitOutcome outcome = new GiveUpUnit<>(tools, part, reaction).run();
        if (outcome instanceof UnitOutcome.Committed) {
            tools.history()
                    .gaveUp(part.partition().topic(), Objects.requireNonNull(failureOf(Objects.requireNonNull(last))));
            tell(List.of(part.claim()));
            return false;
        }
        // Not given up yet: it is tried by itself again, and that does not count.
        part.tryAlone(attempts);
        if (outcome instanceof UnitOutcome.HandlerFailed) {
            Duration delay = Backoff.TROUBLE.after(
                    part.portion().attempt(), ThreadLocalRandom.current().nextDouble());
            retrying(List.of(part.claim()), RetryCause.TROUBLE, reaction.why(), delay);
            part.trouble(delay);
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
            tools.history().failTogether(slice.firstPart().partition().topic(), failure);
        }
        List<ShareProgress<K, V>> halted = slice.parts().stream()
                .filter(part -> reaction.concerns(part.partition().topic()))
                .toList();
        halted.forEach(ShareProgress::close);
        news.add(() -> tools.events().halted(claims(halted), reaction.why()));
        return false;
    }

    @Override
    public Boolean stop(Reaction.Stop reaction) {
        parts.forEach(ShareProgress::close);
        news.add(() -> tools.events().failed(reaction.why()));
        return false;
    }

    private static <K, V> List<Claim> claims(List<ShareProgress<K, V>> parts) {
        return parts.stream().map(ShareProgress::claim).toList();
    }
}
