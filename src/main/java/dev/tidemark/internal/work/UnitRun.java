package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.FailureAction;
import dev.tidemark.Position;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.plan.Bisection;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.internal.plan.ReactionPlanner;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.store.UnitEnd;
import dev.tidemark.internal.work.UnitHandler.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One unit of work from its first transaction until its partitions are settled. It takes one transaction, unless a record fails:
 * then as many as it takes to find that record, in order. Used by one worker, once.
 */
final class UnitRun<K, V> implements Reaction.Cases<Boolean> {
    private static final Logger LOG = LoggerFactory.getLogger(UnitRun.class);

    private final UnitTools<K, V> tools;
    private final List<Part<K, V>> parts;
    private final List<Runnable> news = new ArrayList<>();
    private UnitPace pace;
    private Slice<K, V> slice;
    private @Nullable Bisection search;

    // What is known of the transaction just tried.
    private @Nullable Progress progress;
    private Duration took = Duration.ZERO;

    UnitRun(UnitTools<K, V> tools, UnitPace pace, List<Part<K, V>> parts) {
        this.tools = tools;
        this.pace = pace;
        this.parts = parts;
        this.slice = Slice.all(parts);
    }

    /** Handles the records; answers the pace of the next unit. */
    UnitPace handle() {
        boolean again = true;
        while (again) {
            again = react(attempt());
        }
        return settle();
    }

    /** Whether a record that may have killed its owners may be tried here; ends the unit if not. */
    boolean admits() {
        Part<K, V> part = slice.firstPart();
        long offset = part.firstRaw().offset();
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
    UnitPace undecodable(String side, Throwable cause) {
        boolean unused = react(new UnitOutcome.Undecodable(side, cause));
        return settle();
    }

    /** Parks these records behind the parked ones of their keys. */
    UnitPace follow(List<ConsumerRecord<byte[], byte[]>> followers) {
        Part<K, V> part = slice.firstPart();
        UnitOutcome outcome =
                tools.transaction().run(slice.claims(), tx -> new UnitEnd.ParkFollowers(part.claim(), followers));
        boolean unused = react(
                outcome instanceof UnitOutcome.HandlerFailed failed
                        ? new UnitOutcome.Troubled(FailureKind.PASSING, failed.cause())
                        : outcome);
        if (outcome instanceof UnitOutcome.Committed committed
                && committed.moves().isEmpty()) {
            // Nothing is parked of the first key any more: it is handled like any other.
            part.lane()
                    .heldKeys
                    .remove(KeyHash.of(Objects.requireNonNull(followers.get(0).key())));
        }
        return settle();
    }

    private UnitOutcome attempt() {
        long began = System.nanoTime();
        Progress current = new Progress(
                slice.pieces().size(), began + tools.limits().time().toNanos());
        progress = current;
        Set<String> topics =
                slice.parts().stream().map(part -> part.partition().topic()).collect(Collectors.toSet());
        UnitOutcome outcome = tools.transaction().run(slice.claims(), tx -> {
            if (slice.size() > 0) {
                tools.handler().handle(slice.records(), tx, current);
            }
            tools.identities().confirm(topics);
            return new UnitEnd.Advance(slice.moves(current));
        });
        took = Duration.ofNanos(System.nanoTime() - began);
        return outcome;
    }

    /** Answers whether the unit goes on. */
    private boolean react(UnitOutcome outcome) {
        if (tools.intake().isStopped() && outcome instanceof UnitOutcome.HandlerFailed) {
            // An interrupted handler has not failed on its record.
            parts.forEach(Part::close);
            return false;
        }
        return ReactionPlanner.plan(
                        outcome,
                        slice.facts(tools.groupId(), ThreadLocalRandom.current().nextDouble()),
                        slice.recordFacts(tools.policy()))
                .fold(this);
    }

    private UnitPace settle() {
        parts.forEach(this::noteSurvival);
        List<Claim> recovered = claims(parts.stream().filter(Part::hasRecovered).toList());
        tools.intake().settle(parts.stream().map(Part::settlement).toList());
        if (!recovered.isEmpty()) {
            tools.events().recovered(recovered);
        }
        news.forEach(Runnable::run);
        return pace;
    }

    /** Whatever became of a suspected record, this process lives; once the position is beyond it, nobody asks any more. */
    private void noteSurvival(Part<K, V> part) {
        if (part.lane().isSuspected() && !part.portion().records().isEmpty() && !part.hasMoved()) {
            long offset = part.firstRaw().offset();
            if (tools.survivors().isBegun(part.partition(), offset)
                    && tools.notes().survived(part.claim(), offset)) {
                tools.survivors().forget(part.partition(), offset);
            }
        }
    }

    @Override
    public Boolean goOn(Reaction.GoOn reaction) {
        int handled = slice.moved(reaction.moves());
        List<Claim> moved = new ArrayList<>();
        for (Slice.Piece<K, V> piece : slice.pieces()) {
            Part<K, V> part = piece.part();
            Position to = reaction.moves().get(part.claim());
            if (to != null) {
                part.moved(to);
                moved.add(part.claim());
                if (!piece.records().isEmpty()) {
                    part.lane().givenUp = 0;
                }
            }
        }
        tell(moved);
        if (handled > 0) {
            pace = pace.afterSuccess(handled, took, tools.limits());
        }
        Bisection current = search;
        return current != null && narrow(current.succeeded(handled));
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
        List<Integer> sizes = parts.stream()
                .map(part -> part.left().size())
                .filter(size -> size > 0)
                .toList();
        boolean leaving = parts.stream().anyMatch(part -> tools.intake().isClosed(part.portion()));
        if (next.isOver() || sizes.isEmpty() || leaving || tools.intake().isStopped()) {
            return false;
        }
        slice = Slice.first(parts, next.next(sizes));
        return true;
    }

    @Override
    public Boolean reclaim(Reaction.Reclaim reaction) {
        List<Part<K, V>> lost = slice.parts().stream()
                .filter(part -> reaction.partitions().contains(part.partition()))
                .toList();
        lost.forEach(Part::close);
        news.add(() -> tools.events().lost(claims(lost), reaction.why()));
        return false;
    }

    @Override
    public Boolean retry(Reaction.RetryAfter reaction) {
        if (reaction.smaller()) {
            pace = pace.afterContention(slice.reached(progress));
        }
        // Told before it is settled, so that the news of its recovery cannot come first.
        tools.events().retrying(slice.claims(), reaction.why());
        slice.parts().forEach(part -> part.trouble(reaction.delay()));
        return false;
    }

    @Override
    public Boolean retryRecord(Reaction.RetryRecord reaction) {
        Part<K, V> part = slice.firstPart();
        tools.events().retrying(List.of(part.claim()), reaction.why());
        part.tryAlone(part.attemptsAlone() + 1);
        part.waitFor(reaction.delay());
        return false;
    }

    @Override
    public Boolean giveUp(Reaction.GiveUp reaction) {
        Part<K, V> part = slice.firstPart();
        ConsumerRecord<byte[], byte[]> record = part.firstRaw();
        int attempts = part.attemptsAlone();
        Throwable cause = Objects.requireNonNullElse(reaction.why().getCause(), reaction.why());
        UnitOutcome outcome = tools.transaction()
                .run(
                        List.of(part.claim()),
                        tx -> reaction.how() instanceof FailureAction.Park park
                                ? new UnitEnd.Park(
                                        part.claim(),
                                        record,
                                        park.holdKey(),
                                        reaction.why().code(),
                                        cause,
                                        attempts + 1)
                                : new UnitEnd.Skip(
                                        part.claim(),
                                        record,
                                        String.valueOf(reaction.why().getMessage())));
        if (outcome instanceof UnitOutcome.Committed committed) {
            gaveUp(part, reaction, committed);
            return false;
        }
        // Not given up yet: it is tried by itself again, and that does not count.
        part.tryAlone(attempts);
        if (outcome instanceof UnitOutcome.HandlerFailed) {
            tools.events().retrying(List.of(part.claim()), reaction.why());
            part.trouble(Backoff.TROUBLE.after(
                    part.portion().attempt(), ThreadLocalRandom.current().nextDouble()));
            return false;
        }
        return react(outcome);
    }

    private void gaveUp(Part<K, V> part, Reaction.GiveUp reaction, UnitOutcome.Committed committed) {
        byte[] key = part.firstRaw().key();
        if (reaction.how() instanceof FailureAction.Park park && park.holdKey() && key != null) {
            part.lane().heldKeys.add(KeyHash.of(key));
        }
        boolean first = part.lane().givenUp == 0;
        committed.moves().values().forEach(part::moved);
        part.lane().givenUp++;
        if (first) {
            LOG.warn("gave up a record {}", reaction.why().getMessage());
        } else {
            LOG.debug("gave up another record {}", reaction.why().getMessage());
        }
        tell(List.of(part.claim()));
    }

    @Override
    public Boolean halt(Reaction.Halt reaction) {
        List<Part<K, V>> halted = slice.parts().stream()
                .filter(part -> reaction.concerns(part.partition().topic()))
                .toList();
        halted.forEach(Part::close);
        news.add(() -> tools.events().halted(claims(halted), reaction.why()));
        return false;
    }

    @Override
    public Boolean stop(Reaction.Stop reaction) {
        parts.forEach(Part::close);
        news.add(() -> tools.events().failed(reaction.why()));
        return false;
    }

    private static <K, V> List<Claim> claims(List<Part<K, V>> parts) {
        return parts.stream().map(Part::claim).toList();
    }
}
