package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.ErrorCode;
import dev.tidemark.Position;
import dev.tidemark.RecordFailedException;
import dev.tidemark.TidemarkException;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.internal.plan.ReactionPlanner;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.ReactionPlanner.UnitFacts;
import dev.tidemark.internal.plan.Suspicion;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.store.UnitTransaction;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.internal.work.RecordDecoder.UndecodableException;
import dev.tidemark.internal.work.UnitHandler.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** One worker: takes what is there, decodes it, runs it as a unit of work, and reacts to how that ended. */
public final class Worker<K, V> implements Runnable {
    /** Long enough that a steady trickle keeps its connection, short enough that an idle consumer blocks no pool. */
    private static final Duration KEEP_CONNECTION = Duration.ofSeconds(10);

    private final Intake intake;
    private final UnitLimits limits;
    private final UnitHandler<K, V> handler;
    private final RecordDecoder<K, V> decoder;
    private final WorkerSession session;
    private final UnitTransaction transaction;
    private final WorkerEvents events;
    private final String groupId;
    private UnitPace pace;

    public Worker(
            String groupId,
            Intake intake,
            UnitLimits limits,
            UnitHandler<K, V> handler,
            RecordDecoder<K, V> decoder,
            WorkerSession session,
            UnitTransaction transaction,
            WorkerEvents events) {
        this.groupId = groupId;
        this.intake = intake;
        this.limits = limits;
        this.handler = handler;
        this.decoder = decoder;
        this.session = session;
        this.transaction = transaction;
        this.events = events;
        this.pace = UnitPace.initial(limits);
    }

    /** Works until the intake is stopped, or this thread is interrupted. */
    @Override
    public void run() {
        try (session;
                decoder) {
            session.warmUp();
            while (!intake.isStopped()) {
                List<Portion> unit = intake.take(session.isSerializable() ? pace.confined() : pace, KEEP_CONNECTION);
                if (unit.isEmpty()) {
                    session.giveBack();
                } else {
                    decodeAndRun(unit);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) {
            events.failed(new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": a worker died of " + e.getClass().getSimpleName(),
                    e));
        }
    }

    private void decodeAndRun(List<Portion> unit) {
        List<Portion> portions = new ArrayList<>();
        List<List<ConsumerRecord<K, V>>> decoded = new ArrayList<>();
        for (Portion portion : unit) {
            List<ConsumerRecord<K, V>> records =
                    new ArrayList<>(portion.records().size());
            try {
                for (ConsumerRecord<byte[], byte[]> raw : portion.records()) {
                    records.add(decoder.decode(raw));
                }
            } catch (UndecodableException e) {
                // What stands before the record takes effect first; then the record is the first of its portion.
                if (records.isEmpty()) {
                    halt(List.of(portion), undecodable(portion, e));
                    continue;
                }
            }
            portions.add(portion);
            decoded.add(records);
        }
        if (!portions.isEmpty()) {
            runUnit(portions, decoded);
        }
    }

    private void runUnit(List<Portion> portions, List<List<ConsumerRecord<K, V>>> decoded) {
        long began = System.nanoTime();
        Progress progress = new Progress(portions.size(), began + limits.time().toNanos());
        List<Claim> claims = portions.stream().map(Portion::claim).toList();
        UnitOutcome outcome = transaction.run(claims, tx -> {
            handler.handle(decoded, tx, progress);
            Map<Claim, Position> moves = new HashMap<>();
            for (int i = 0; i < portions.size(); i++) {
                if (progress.done(i) > 0) {
                    moves.put(claims.get(i), Position.after(decoded.get(i).get(progress.done(i) - 1)));
                }
            }
            return moves;
        });
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        if (intake.isStopped() && outcome instanceof UnitOutcome.HandlerFailed) {
            // An interrupted handler has not failed on its record.
            intake.settle(portions.stream().map(Settlement::closing).toList());
            return;
        }
        Reaction reaction = ReactionPlanner.plan(outcome, facts(portions, decoded));
        Ending ending = reaction.fold(new Reactor<>(this, portions, decoded, progress, took));
        intake.settle(ending.settlements());
        ending.news().run();
    }

    private UnitFacts facts(List<Portion> portions, List<List<ConsumerRecord<K, V>>> decoded) {
        Portion first = portions.get(0);
        return new UnitFacts(
                groupId,
                portions.stream().map(p -> p.claim().partition()).collect(Collectors.toSet()),
                decoded.stream().mapToInt(List::size).sum(),
                new RecordId(first.claim().partition(), decoded.get(0).get(0).offset()),
                portions.stream().mapToInt(Portion::attempt).max().orElse(1),
                ThreadLocalRandom.current().nextDouble());
    }

    private void halt(List<Portion> portions, TidemarkException why) {
        intake.settle(portions.stream().map(Settlement::closing).toList());
        events.halted(portions.stream().map(Portion::claim).toList(), why);
    }

    private RecordFailedException undecodable(Portion portion, UndecodableException e) {
        RecordId where = new RecordId(
                portion.claim().partition(), portion.records().get(0).offset());
        return new RecordFailedException(
                ErrorCode.RECORD_UNDECODABLE,
                "group " + groupId + ": the " + e.side() + " of the record at " + where
                        + " cannot be decoded: mend the deserializer and start the consumer again",
                e.getCause());
    }

    /** How a unit's portions are settled, and what is then to be told. */
    private record Ending(List<Settlement> settlements, Runnable news) {}

    /** Turns a reaction into an ending. */
    private record Reactor<K, V>(
            Worker<K, V> worker,
            List<Portion> portions,
            List<List<ConsumerRecord<K, V>>> decoded,
            Progress progress,
            Duration took)
            implements Reaction.Cases<Ending> {
        @Override
        public Ending goOn() {
            int handled = 0;
            List<Settlement> settlements = new ArrayList<>();
            List<Claim> recovered = new ArrayList<>();
            for (int i = 0; i < portions.size(); i++) {
                Portion portion = portions.get(i);
                int done = progress.done(i);
                handled += done;
                settlements.add(
                        done == 0
                                ? Settlement.again(portion, 0, null)
                                : Settlement.done(
                                        portion,
                                        done,
                                        Position.after(decoded.get(i).get(done - 1))));
                if (done > 0 && portion.attempt() > 1) {
                    recovered.add(portion.claim());
                }
            }
            worker.pace = worker.pace.afterSuccess(handled, took, worker.limits);
            return new Ending(settlements, () -> {
                if (!recovered.isEmpty()) {
                    worker.events.recovered(recovered);
                }
            });
        }

        @Override
        public Ending reclaim(Reaction.Reclaim reaction) {
            List<Claim> lost = claims(
                    portion -> reaction.partitions().contains(portion.claim().partition()));
            List<Settlement> settlements = portions.stream()
                    .map(portion -> lost.contains(portion.claim())
                            ? Settlement.closing(portion)
                            : Settlement.again(portion, 0, null))
                    .toList();
            return new Ending(settlements, () -> worker.events.lost(lost, reaction.why()));
        }

        @Override
        public Ending retry(Reaction.RetryAfter reaction) {
            if (reaction.smaller()) {
                worker.pace = worker.pace.afterContention(reached());
            }
            List<Claim> first = claims(portion -> portion.attempt() == 1);
            if (!first.isEmpty()) {
                // Told before it is settled, so that the news of its recovery cannot come first.
                worker.events.retrying(first, reaction.why());
            }
            long delay = Math.max(1, reaction.delay().toNanos());
            List<Settlement> settlements = portions.stream()
                    .map(portion -> Settlement.again(portion, delay, null))
                    .toList();
            return new Ending(settlements, () -> {});
        }

        @Override
        public Ending isolate() {
            List<Settlement> settlements = new ArrayList<>();
            for (int i = 0; i < portions.size(); i++) {
                settlements.add(Settlement.again(portions.get(i), 0, suspicion(i)));
            }
            return new Ending(settlements, () -> {});
        }

        @Override
        public Ending halt(Reaction.Halt reaction) {
            return new Ending(closing(), () -> worker.events.halted(claims(portion -> true), reaction.why()));
        }

        @Override
        public Ending stop(Reaction.Stop reaction) {
            return new Ending(closing(), () -> worker.events.failed(reaction.why()));
        }

        /** How many records the handler had come to; all of them where it gets them at once. */
        private int reached() {
            int all = decoded.stream().mapToInt(List::size).sum();
            int done = IntStream.range(0, decoded.size()).map(progress::done).sum();
            return progress.failing() >= 0 ? done + 1 : all;
        }

        private List<Settlement> closing() {
            return portions.stream().map(Settlement::closing).toList();
        }

        private List<Claim> claims(Predicate<Portion> which) {
            return portions.stream().filter(which).map(Portion::claim).toList();
        }

        private @Nullable Suspicion suspicion(int i) {
            List<ConsumerRecord<K, V>> records = decoded.get(i);
            if (progress.failing() >= 0) {
                return i == progress.failing()
                        ? new Suspicion(end(records.get(progress.done(i))), Suspicion.Next.ALL_BUT_LAST)
                        : null;
            }
            return new Suspicion(
                    end(records.get(records.size() - 1)),
                    portions.size() > 1 ? Suspicion.Next.WHOLE : Suspicion.Next.HALF);
        }

        private static long end(ConsumerRecord<?, ?> record) {
            return Position.after(record).nextOffset();
        }
    }
}
