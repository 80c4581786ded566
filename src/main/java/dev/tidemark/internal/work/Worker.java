package dev.tidemark.internal.work;

import dev.tidemark.ErrorCode;
import dev.tidemark.TidemarkException;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.work.RecordDecoder.UndecodableException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** One worker: takes what is there, decodes it, and runs it as a unit of work. */
public final class Worker<K, V> implements Runnable {
    /** Long enough that a steady trickle keeps its connection, short enough that an idle consumer blocks no pool. */
    private static final Duration KEEP_CONNECTION = Duration.ofSeconds(10);

    private final WorkerContext<K, V> tools;
    private final RecordDecoder<K, V> decoder;
    private final WorkerSession session;
    private UnitPace pace;
    private long decodeNanos;

    public Worker(WorkerContext<K, V> tools, RecordDecoder<K, V> decoder, WorkerSession session) {
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
            tools.events()
                    .failed(new TidemarkException(
                            ErrorCode.UNEXPECTED,
                            "group " + tools.groupId() + ": a worker died of "
                                    + e.getClass().getSimpleName(),
                            e));
        }
    }

    private List<PartitionShare> next() {
        try {
            return tools.intake().take(session.isSerializable() ? pace.confined() : pace, KEEP_CONNECTION);
        } catch (InterruptedException e) {
            boolean unused = OwnThread.goesOn(e);
            return List.of();
        }
    }

    private void finish(List<PartitionShare> unit) {
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

    private void work(List<PartitionShare> unit) {
        decodeNanos = 0;
        List<ShareProgress<K, V>> parts = new ArrayList<>();
        for (PartitionShare portion : unit) {
            // Before it is decoded, which may be what kills.
            if (portion.lane().isSuspected()
                    && !portion.records().isEmpty()
                    && !run(new ShareProgress<>(portion, List.of())).admits()) {
                continue;
            }
            if (portion.lane().isHoldingMany()) {
                tools.notes().heldKeys(portion.claim().partition()).ifPresent(portion.lane()::holdOnly);
            }
            decode(portion, free(portion), parts);
        }
        if (!parts.isEmpty()) {
            pace = new UnitRun<>(tools, decoder, pace, parts).handle(decodeNanos);
        }
    }

    /** What stands before a record that cannot be decoded takes effect first; then that record is the first of its portion. */
    private void decode(PartitionShare portion, List<ConsumerRecord<byte[], byte[]>> free, List<ShareProgress<K, V>> parts) {
        OwnThread.enter(Step.DECODING);
        long began = System.nanoTime();
        List<ConsumerRecord<K, V>> decoded = ahead(portion, free);
        try {
            for (int i = decoded.size(); i < free.size(); i++) {
                decoded.add(decoder.decode(free.get(i)));
            }
            decodeNanos += System.nanoTime() - began;
        } catch (UndecodableException e) {
            if (decoded.isEmpty()) {
                pace = run(new ShareProgress<>(portion, free, decoded)).undecodable(e);
                return;
            }
        }
        parts.add(new ShareProgress<>(portion, free, decoded));
    }

    /** What an assistant has decoded of the first free records. */
    private static <K, V> List<ConsumerRecord<K, V>> ahead(PartitionShare portion, List<ConsumerRecord<byte[], byte[]>> free) {
        List<ConsumerRecord<K, V>> all = portion.decodedAhead(portion.records().size());
        if (free.size() == portion.records().size()) {
            return all;
        }
        List<ConsumerRecord<K, V>> some = new ArrayList<>(free.size());
        for (ConsumerRecord<K, V> record : all) {
            if (some.size() < free.size() && free.get(some.size()).offset() == record.offset()) {
                some.add(record);
            }
        }
        return some;
    }

    private UnitRun<K, V> run(ShareProgress<K, V> part) {
        return new UnitRun<>(tools, decoder, pace, List.of(part));
    }

    /** A portion's records, but for those that follow a parked one. */
    private List<ConsumerRecord<byte[], byte[]>> free(PartitionShare portion) {
        Set<ByteBuffer> held = portion.lane().heldKeys;
        if (held.isEmpty()) {
            return portion.records();
        }
        List<Optional<ByteBuffer>> keys = portion.records().stream()
                .map(record -> Optional.ofNullable(record.key()).map(KeyHash::of))
                .toList();
        Set<ByteBuffer> released = new HashSet<>();
        keys.forEach(key -> key.filter(held::contains).ifPresent(released::add));
        if (released.isEmpty()) {
            return portion.records();
        }
        tools.notes().stillHeld(portion.claim().partition(), released).ifPresent(still -> {
            released.removeAll(still);
            held.removeAll(released);
        });
        List<ConsumerRecord<byte[], byte[]>> free = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            if (keys.get(i).filter(held::contains).isEmpty()) {
                free.add(portion.records().get(i));
            }
        }
        return free;
    }
}
