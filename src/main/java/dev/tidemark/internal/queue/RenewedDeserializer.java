package dev.tidemark.internal.queue;

import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.thread.OwnThread;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A deserializer that is replaced after a failure: a record that it could not decode may have left it in a state, such as a buffer that
 * still holds part of it, in which others fail as well or are decoded wrongly. After a transient failure it is kept, with what it has
 * cached. One that was replaced is closed at the end, since it may share something with its successor, such as a client of a schema
 * registry. Used by one thread.
 */
final class RenewedDeserializer<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RenewedDeserializer.class);

    /** Of those that were replaced: the earlier ones are left to the garbage collector, or a long run of failures would fill the heap. */
    private static final int KEPT = 64;

    private final Supplier<? extends Deserializer<T>> supplier;
    private final Predicate<Throwable> isTransient;
    private final Deque<Deserializer<T>> replaced = new ArrayDeque<>();
    private Deserializer<T> current;
    private boolean failed;

    RenewedDeserializer(Supplier<? extends Deserializer<T>> supplier, Predicate<Throwable> isTransient) {
        this.supplier = supplier;
        this.isTransient = isTransient;
        this.current = supplier.get();
    }

    /** Decodes these bytes, which it may change. Throws whatever the deserializer does. */
    T deserialize(String topic, Headers headers, byte[] bytes) {
        if (failed) {
            renew();
        }
        try {
            return current.deserialize(topic, headers, bytes);
        } catch (Throwable e) {
            failed |= !isTransient.test(e);
            throw e;
        } finally {
            boolean unused = OwnThread.mayContinue();
        }
    }

    private void renew() {
        Deserializer<T> old = current;
        try {
            current = supplier.get();
            failed = false;
        } catch (Throwable e) {
            Fatal.rethrow(e);
            // What it needs may be unavailable, which is no record's fault: the old one goes on.
            LOG.debug(
                    "a deserializer that had failed was not replaced cause={}",
                    e.getClass().getName());
        }
        if (current != old) {
            replaced.add(old);
        }
        if (replaced.size() > KEPT) {
            replaced.remove();
        }
    }

    @Override
    public void close() {
        for (Deserializer<T> old : replaced) {
            try {
                old.close();
            } catch (Throwable e) {
                Fatal.rethrow(e);
                LOG.debug(
                        "a deserializer that had failed did not close cause={}",
                        e.getClass().getName());
            }
        }
        current.close();
    }
}
