package dev.tidemark.internal.unit;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.queue.FetchedRecords;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.UnitSource;
import dev.tidemark.internal.thread.OwnThread;

/** Decodes records ahead of the workers, while they wait for the database. Runs on a thread of its own until the queues are stopped. */
public final class DecodeAhead<K, V> implements Runnable {
    private final String groupId;
    private final UnitSource units;
    private final RecordDecoder<K, V> decoder;
    private final WorkerEvents events;

    public DecodeAhead(String groupId, UnitSource units, RecordDecoder<K, V> decoder, WorkerEvents events) {
        this.groupId = groupId;
        this.units = units;
        this.decoder = decoder;
        this.events = events;
    }

    @Override
    public void run() {
        try (decoder) {
            while (!units.isStopped()) {
                decodeNext();
            }
        } catch (Throwable e) {
            events.failed(new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": decoding ahead failed with "
                            + e.getClass().getSimpleName(),
                    e));
        }
    }

    private void decodeNext() {
        try {
            FetchedRecords fetched = units.nextToDecode();
            OwnThread.enter(Step.DECODING);
            fetched.decode(decoder);
        } catch (InterruptedException e) {
            boolean unused = OwnThread.mayContinue(e);
        } finally {
            OwnThread.rest();
            boolean unused = OwnThread.mayContinue();
        }
    }
}
