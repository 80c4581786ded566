package dev.tidemark.internal.work;

import dev.tidemark.ErrorCode;
import dev.tidemark.TidemarkException;

/** Decodes records ahead of the workers, while those wait for the database. Runs on a thread of its own until that is interrupted. */
public final class Assistant<K, V> implements Runnable {
    private final String groupId;
    private final Intake intake;
    private final RecordDecoder<K, V> decoder;
    private final WorkerEvents events;

    public Assistant(String groupId, Intake intake, RecordDecoder<K, V> decoder, WorkerEvents events) {
        this.groupId = groupId;
        this.intake = intake;
        this.decoder = decoder;
        this.events = events;
    }

    @Override
    public void run() {
        try (decoder) {
            while (!intake.isStopped()) {
                intake.nextToDecode().decode(decoder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) {
            events.failed(new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": decoding ahead died of "
                            + e.getClass().getSimpleName(),
                    e));
        }
    }
}
