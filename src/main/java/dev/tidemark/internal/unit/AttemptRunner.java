package dev.tidemark.internal.unit;

import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.store.transaction.UnitEnd;
import dev.tidemark.internal.store.transaction.UnitTerms;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.unit.UnitHandler.Progress;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Runs the transactions of one unit, one after the other, and keeps the results of the last one. Used by one worker. */
final class AttemptRunner<K, V> {
    private final WorkerContext<K, V> context;
    private final RecordDecoder<K, V> decoder;
    private long began;
    private long decodeNanos;
    private @Nullable Progress progress;
    private boolean lockTimed;
    private boolean unseenCounts;
    private boolean watched;
    private boolean reachedHandler;
    private Duration took = Duration.ZERO;

    /** The counts of records given up that the last attempt has set back. */
    private Map<Claim, GivenUp> setBack = Map.of();

    AttemptRunner(WorkerContext<K, V> context, RecordDecoder<K, V> decoder) {
        this.context = context;
        this.decoder = decoder;
    }

    /** How far the handler got; null before it was called. */
    @Nullable
    Progress progress() {
        return progress;
    }

    /** Whether a wait for a lock was distinguished from work that takes long. */
    boolean wasLockTimed() {
        return lockTimed;
    }

    /** Whether a time limit was the record's failure even though nobody saw what it ended. */
    boolean hasUnseenCounted() {
        return unseenCounts;
    }

    /** Whether the last attempt got as far as the handler, so that its failure may concern only some of its partitions. */
    boolean hasReachedHandler() {
        return reachedHandler;
    }

    /** How long the last attempt took. */
    Duration took() {
        return took;
    }

    /** Runs the first attempt of the unit, whose records were decoded before. */
    UnitOutcome runFirst(Attempt<K, V> attempt, long decoding) {
        began = Host.nanoTime();
        decodeNanos = decoding;
        return run(attempt, false, false);
    }

    /**
     * The same records decoded again, for another attempt.
     *
     * @throws UndecodableException if the first cannot be
     */
    Attempt<K, V> decoded(Attempt<K, V> attempt) throws UndecodableException {
        OwnThread.enter(Step.DECODING);
        began = Host.nanoTime();
        context.transaction().unitTaken(began);
        Attempt<K, V> decoded = attempt.decoded(decoder);
        decodeNanos += Host.nanoTime() - began;
        return decoded;
    }

    /**
     * Passes the records to the handler, in a transaction that moves the offsets.
     *
     * @param timed whether waits for locks have to be distinguished from work that takes long
     * @param searching whether it serves to find a record that fails
     */
    UnitOutcome run(Attempt<K, V> attempt, boolean timed, boolean searching) {
        Progress current = new Progress(
                attempt.parts().size(),
                Host.nanoTime() + context.limits().maxDuration().toNanos());
        progress = current;
        reachedHandler = false;
        setBack = Map.of();
        Set<String> topics = attempt.shares().stream()
                .map(share -> share.partition().topic())
                .collect(Collectors.toSet());
        lockTimed = timed || attempt.shares().stream().anyMatch(ShareProgress::isLockTimed);
        // Of several records that fail together, one will be tried by itself.
        boolean observed = lockTimed && attempt.size() == 1;
        unseenCounts = observed && attempt.firstShare().isTooShortToSee();
        watched = searching
                || attempt.shares().stream()
                        .anyMatch(share -> context.history()
                                .isWritingOfInterest(share.partition().topic()));
        UnitTerms terms = UnitTerms.USUAL
                .lockTimed(lockTimed)
                .observed(
                        observed, unseenCounts, observed && attempt.firstShare().wasUnseen())
                .afterHeld(attempt.shares().stream()
                        .anyMatch(share -> share.history().isRowHeld()))
                .watched(watched);
        long decoding = decodeNanos;
        decodeNanos = 0;
        UnitOutcome outcome = context.interceptors()
                .around(
                        () -> context.transaction().run(attempt.claims(), terms, tx -> {
                            if (attempt.size() > 0) {
                                reachedHandler = true;
                                context.handler().handle(attempt.handedOver(), tx, current);
                            }
                            context.identities().confirm(topics);
                            Map<Claim, Position> moves = attempt.moves(current);
                            return new UnitEnd.Advance(moves, attempt.followers(moves), () -> setBack(attempt, moves));
                        }),
                        ended -> context.reports()
                                .unit(
                                        ended,
                                        attempt.counts(ended),
                                        context.transaction().times(decoding)));
        took = Duration.ofNanos(Host.nanoTime() - began);
        // The handler may have cleared it.
        LogContext.enter(context.groupId());
        if (attempt.size() > 0 || attempt.shares().stream().noneMatch(ShareProgress::onlyFollows)) {
            context.reports()
                    .ended(
                            outcome,
                            () -> attempt.counts(outcome),
                            () -> context.transaction().times(decoding));
        }
        return outcome;
    }

    /** The counts of records given up that change with this success; most units change none, and so write nothing for it. */
    private Map<Claim, GivenUp> setBack(Attempt<K, V> attempt, Map<Claim, Position> moves) {
        Map<Claim, GivenUp> changed = new HashMap<>();
        boolean oneTopic = watched && attempt.topics().size() == 1;
        for (Attempt.Part<K, V> part : attempt.parts()) {
            ShareProgress<K, V> share = part.share();
            GivenUp stored = share.history().givenUp();
            if (!stored.equals(GivenUp.NONE) && part.count() > 0 && moves.containsKey(share.claim())) {
                boolean counts = context.history().unproven(share.partition()) == 0
                        || context.history()
                                .isEvidence(
                                        share.partition().topic(),
                                        oneTopic && context.transaction().wrote(),
                                        oneTopic && context.transaction().wasReadyToWrite());
                GivenUp now = stored.afterSuccess(counts);
                if (!now.equals(stored)) {
                    changed.put(share.claim(), now);
                }
            }
        }
        setBack = changed;
        return changed;
    }

    /** The attempt has moved these claims. */
    void committed(Attempt<K, V> attempt, Map<Claim, Position> moves) {
        List<Claim> moved = new ArrayList<>();
        // What a transaction of one topic wrote belongs to that topic.
        Set<String> topics = attempt.topics();
        boolean one = watched && topics.size() == 1;
        if (one && !context.transaction().wrote()) {
            topics.forEach(topic -> context.history().wroteNothing(topic, attempt.moved(moves)));
        }
        for (Attempt.Part<K, V> part : attempt.parts()) {
            ShareProgress<K, V> share = part.share();
            Position to = moves.get(share.claim());
            if (to != null) {
                share.history()
                        .givenUp(setBack.getOrDefault(
                                share.claim(), share.history().givenUp()));
                moved(share, to);
                moved.add(share.claim());
                share.history().rowHeld(false);
                share.history().confine(0);
                if (part.count() > 0) {
                    hadEffect(share, one, attempt.size() == part.count());
                }
            }
        }
        // Reported before it is settled: a revocation waits for no more than that, and the next unit's position comes
        // after.
        context.events().moved(moved);
    }

    private void hadEffect(ShareProgress<K, V> share, boolean oneTopic, boolean onePartition) {
        share.history().succeeded();
        String topic = share.partition().topic();
        if (watched) {
            boolean wrote = oneTopic && context.transaction().wrote();
            if (wrote) {
                if (onePartition) {
                    share.history().wrote();
                }
                context.history().wrote(topic);
            }
            context.history()
                    .succeeded(topic, wrote, oneTopic && context.transaction().wasReadyToWrite());
        }
    }

    /**
     * Parks the records before a share's first record, which has failed, behind the parked ones of their keys: they do not depend
     * on what happens to that record.
     *
     * @return how that ended, if it did not take effect; null if it did, or if there are none
     */
    @Nullable
    UnitOutcome parkLeaders(ShareProgress<K, V> share) {
        if (!share.hasLeaders()) {
            return null;
        }
        Position to = share.after(0);
        UnitEnd end = new UnitEnd.Advance(Map.of(share.claim(), to), share.followers(to), Map::of);
        UnitOutcome outcome = context.transaction().run(List.of(share.claim()), tx -> {
            context.identities().confirm(Set.of(share.partition().topic()));
            return end;
        });
        if (outcome instanceof UnitOutcome.Committed) {
            moved(share, to);
            context.events().moved(List.of(share.claim()));
            return null;
        }
        return outcome instanceof UnitOutcome.HandlerFailed failed
                ? new UnitOutcome.Transient(FailureKind.TRANSIENT.code(failed.facts()), failed.cause())
                : outcome;
    }

    private void moved(ShareProgress<K, V> share, Position to) {
        List<ConsumerRecord<byte[], byte[]>> followers = share.followers(to);
        share.moved(to);
        if (!followers.isEmpty()) {
            context.reports().followed(share.partition(), followers.get(0).offset(), followers.size());
        }
    }
}
