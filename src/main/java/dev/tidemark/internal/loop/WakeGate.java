package dev.tidemark.internal.loop;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/** Wake-up calls for a Kafka consumer, which itself can only be woken once it is subscribed. Thread-safe. */
final class WakeGate {
    private @Nullable Runnable consumer;
    private boolean called;
    private CompletableFuture<Void> call = new CompletableFuture<>();

    /** Whether the consumer is subscribed, so that it can be woken itself. */
    synchronized boolean isOpen() {
        return consumer != null;
    }

    /** Completes with the next call before the gate is open. */
    synchronized CompletableFuture<Void> called() {
        return call;
    }

    /**
     * The consumer is subscribed.
     *
     * @param wakeup wakes it
     */
    synchronized void open(Runnable wakeup) {
        consumer = wakeup;
    }

    synchronized void call() {
        Runnable wakeup = consumer;
        if (wakeup != null) {
            wakeup.run();
        } else {
            called = true;
            boolean unused = call.complete(null);
        }
    }

    /**
     * Consumes a call that came before the gate was open.
     *
     * @throws WakeupException if there was one
     */
    synchronized void throwIfCalled() {
        if (called) {
            called = false;
            call = new CompletableFuture<>();
            throw new WakeupException();
        }
    }
}
