package dev.tidemark.internal.work;

import dev.tidemark.ErrorCode;
import dev.tidemark.TidemarkException;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.work.RecordDecoder.UndecodableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** One worker: takes what is there, decodes it, and runs it as a unit of work. */
public final class Worker<K, V> implements Runnable {
    /** Long enough that a steady trickle keeps its connection, short enough that an idle consumer blocks no pool. */
    private static final Duration KEEP_CONNECTION = Duration.ofSeconds(10);

    private final UnitTools<K, V> tools;
    private final RecordDecoder<K, V> decoder;
    private final WorkerSession session;
    private UnitPace pace;
    private long decodeNanos;

    public Worker(UnitTools<K, V> tools, RecordDecoder<K, V> decoder, WorkerSession session) {
        this.tools = tools;
        this.decoder = decoder;
        this.session = session;
        this.pace = UnitPace.initial(tools.limits());
    }

    /** Works until the intake is stopped; whatever ends it before ends the consumer. */
    @Override
    public void run() {
        try (session;
                decoder) {
            session.warmUp();
            OwnThread.rest();
            while (!tools.intake().isStopped()) {
                List<Portion> unit = next();
                if (unit.isEmpty()) {
                    session.giveBack();
                } else {
                    finish(unit);
                }
            }
        } catch (Throwable e) {
            tools.events()
                    .failed(new TidemarkException(
                            ErrorCode.UNEXPECTED,
                            "group " + tools.groupId() + ": a worker died of "
                                    + e.getClass().getSimpleName(),
                            e));
        }
    }

    private List<Portion> next() {
        try {
            return tools.intake().take(session.isSerializable() ? pace.confined() : pace, KEEP_CONNECTION);
        } catch (InterruptedException e) {
            boolean unused = OwnThread.goesOn(e);
            return List.of();
        }
    }

    private void finish(List<Portion> unit) {
        session.unitTaken(System.nanoTime());
        OwnThread.enter(Step.DECODING);
        boolean ended = false;
        try {
            work(unit);
            ended = true;
        } finally {
            if (!ended) {
                tools.intake().abandon(unit);
            }
            OwnThread.rest();
            boolean unused = OwnThread.goesOn();
        }
    }

    private void work(List<Portion> unit) {
        decodeNanos = 0;
        List<Part<K, V>> parts = new ArrayList<>();
        for (Portion portion : unit) {
            // Before it is decoded, which may be what kills.
            if (portion.lane().isSuspected()
                    && !portion.records().isEmpty()
                    && !run(new Part<>(portion, List.of())).admits()) {
                continue;
            }
            if (portion.lane().isHoldingMany()) {
                tools.notes()
                        .heldKeys(portion.claim().partition())
                        .ifPresent(portion.lane()::holdOnly);
            }
            List<ConsumerRecord<byte[], byte[]>> free = untilHeldKey(portion);
            if (free.isEmpty() && !portion.records().isEmpty()) {
                pace = run(new Part<>(portion, List.of())).follow(followers(portion));
            } else {
                decode(portion, free, parts);
            }
        }
        if (!parts.isEmpty()) {
            pace = new UnitRun<>(tools, decoder, pace, parts).handle(decodeNanos);
        }
    }

    /** What stands before a record that cannot be decoded takes effect first; then that record is the first of its portion. */
    private void decode(Portion portion, List<ConsumerRecord<byte[], byte[]>> records, List<Part<K, V>> parts) {
        OwnThread.enter(Step.DECODING);
        long began = System.nanoTime();
        List<ConsumerRecord<K, V>> decoded = portion.decodedAhead(records.size());
        try {
            for (int i = decoded.size(); i < records.size(); i++) {
                decoded.add(decoder.decode(records.get(i)));
            }
            decodeNanos += System.nanoTime() - began;
        } catch (UndecodableException e) {
            if (decoded.isEmpty()) {
                pace = run(new Part<>(portion, decoded)).undecodable(e);
                return;
            }
        }
        parts.add(new Part<>(portion, decoded));
    }

    private UnitRun<K, V> run(Part<K, V> part) {
        return new UnitRun<>(tools, decoder, pace, List.of(part));
    }

    private static List<ConsumerRecord<byte[], byte[]>> untilHeldKey(Portion portion) {
        List<ConsumerRecord<byte[], byte[]>> records = portion.records();
        for (int i = 0; i < records.size(); i++) {
            if (isHeld(portion, records.get(i))) {
                return records.subList(0, i);
            }
        }
        return records;
    }

    private static List<ConsumerRecord<byte[], byte[]>> followers(Portion portion) {
        return portion.records().stream()
                .takeWhile(record -> isHeld(portion, record))
                .toList();
    }

    private static boolean isHeld(Portion portion, ConsumerRecord<byte[], byte[]> record) {
        return !portion.lane().heldKeys.isEmpty()
                && record.key() != null
                && portion.lane().heldKeys.contains(KeyHash.of(record.key()));
    }
}
