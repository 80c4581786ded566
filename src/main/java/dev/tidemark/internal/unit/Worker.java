package dev.tidemark.internal.unit;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.plan.UnitStart;
import dev.tidemark.internal.queue.PartitionShare;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.thread.HandlerThread;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.unit.ShareDecoder.Decoded;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One worker: takes the records that are ready, decodes them, and runs them as a unit of work. */
public final class Worker<K, V> implements Runnable {
    /** Long enough that a steady trickle keeps its connection, short enough that an idle consumer does not occupy the pool. */
    private static final Duration KEEP_CONNECTION = Duration.ofSeconds(10);

    private final WorkerContext<K, V> context;
    private final RecordDecoder<K, V> decoder;
    private final ShareDecoder<K, V> shareDecoder;
    private final WorkerSession session;
    private final HandlerThread thread;
    private UnitPace pace;

    public Worker(WorkerContext<K, V> context, RecordDecoder<K, V> decoder, WorkerSession session) {
        this.context = context;
        this.decoder = decoder;
        this.shareDecoder = new ShareDecoder<>(decoder, context.notes());
        this.session = session;
        this.thread = context.thread();
        this.pace = UnitPace.initial(context.limits());
    }

    /** Works until the queues are stopped; whatever ends it before ends the consumer. */
    @Override
    public void run() {
        try (session;
                decoder;
                thread) {
            session.warmUp();
            OwnThread.rest();
            while (!context.units().isStopped()) {
                List<PartitionShare> unit = next();
                if (unit.isEmpty()) {
                    OwnThread.enter(Step.CONNECTING);
                    session.giveBack();
                    OwnThread.rest();
                } else {
                    finish(unit);
                }
            }
        } catch (Throwable e) {
            context.events()
                    .failed(new TidemarkException(
                            ErrorCode.UNEXPECTED,
                            "group " + context.groupId() + ": a worker failed with "
                                    + e.getClass().getSimpleName(),
                            e));
        }
    }

    private List<PartitionShare> next() {
        try {
            return context.units().take(session.isSerializable() ? pace.confined() : pace, KEEP_CONNECTION);
        } catch (InterruptedException e) {
            boolean unused = OwnThread.mayContinue(e);
            return List.of();
        }
    }

    private void finish(List<PartitionShare> unit) {
        session.unitTaken(Host.nanoTime());
        OwnThread.enter(Step.DECODING);
        boolean ended = false;
        try {
            work(unit);
            ended = true;
        } finally {
            if (!ended) {
                context.units().abandon(unit);
            }
            OwnThread.rest();
            boolean unused = OwnThread.mayContinue();
        }
    }

    private void work(List<PartitionShare> unit) {
        long decodeNanos = 0;
        List<ShareProgress<K, V>> shares = new ArrayList<>();
        List<Decoded<K, V>> undecodable = new ArrayList<>();
        for (PartitionShare taken : unit) {
            // Before it is decoded, since decoding may be what kills.
            UnitOutcome refused = taken.isSuspected() && !taken.records().isEmpty()
                    ? context.suspected()
                            .begin(taken.claim(), taken.records().get(0).offset())
                    : null;
            if (refused != null) {
                run(List.of(new ShareProgress<>(taken, List.of())), new UnitStart.Ended(refused), List.of());
                continue;
            }
            long began = Host.nanoTime();
            Decoded<K, V> decoded = thread.call(() -> {
                OwnThread.enter(Step.DECODING);
                return shareDecoder.decode(taken);
            });
            if (decoded.failed().isPresent()) {
                undecodable.add(decoded);
                continue;
            }
            decodeNanos += Host.nanoTime() - began;
            shares.add(decoded.share());
        }
        for (int i = 0; i < undecodable.size(); i++) {
            Decoded<K, V> first = undecodable.get(i);
            // Those that are settled already may be in other hands.
            List<ShareProgress<K, V>> beside = new ArrayList<>(shares);
            undecodable.subList(i + 1, undecodable.size()).forEach(other -> beside.add(other.share()));
            UnitOutcome failed = Undecodables.outcome(first.failed().orElseThrow());
            run(List.of(first.share()), new UnitStart.Ended(failed), beside);
        }
        if (!shares.isEmpty()) {
            run(shares, new UnitStart.Records(decodeNanos), List.of());
        }
    }

    private void run(List<ShareProgress<K, V>> shares, UnitStart start, List<ShareProgress<K, V>> beside) {
        pace = new UnitRun<>(context, decoder, pace, shares, beside).run(start);
    }
}
