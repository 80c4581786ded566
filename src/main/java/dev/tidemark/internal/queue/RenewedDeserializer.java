package dev.tidemark.internal.queue;

import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.thread.OwnThread;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A deserializer that is replaced after a failure: a record that it could not decode may have left it in a state, such as a buffer that
 * still holds part of it, in which others fail as well or are decoded wrongly. If it cannot be replaced, records wait until it can.
 * After a transient failure it is kept, with what it has cached. One that was replaced is closed at the end, since it may share
 * something with its successor, such as a client of a schema registry. Used by one thread.
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
        this.current = made();
    }

    /** What a new one needs, such as a registry or a file, is unavailable, which is no record's fault. */
    private static final class NotReplacedException extends RetriableException {
        private static final long serialVersionUID = 1L;

        NotReplacedException(@Nullable Throwable cause) {
            super("a deserializer that has failed cannot be replaced", cause);
        }
    }

    /**
     * Decodes these bytes, which it may change. Throws whatever the deserializer does, and a transient failure if one that has failed
     * cannot be replaced.
     */
    T deserialize(String topic, Headers headers, byte[] bytes) {
        try {
            if (failed) {
                renew();
            }
            return decoded(topic, headers, bytes);
        } finally {
            boolean unused = OwnThread.mayContinue();
        }
    }

    private T decoded(String topic, Headers headers, byte[] bytes) {
        try {
            return current.deserialize(topic, headers, bytes);
        } catch (Throwable e) {
            failed |= !isTransient.test(e);
            throw e;
        }
    }

    private void renew() {
        Deserializer<T> old = current;
        try {
            current = made();
        } catch (LinkageError e) {
            // No wait makes a class appear.
            throw e;
        } catch (Throwable e) {
            Fatal.rethrow(e);
            throw notReplaced(e);
        }
        failed = false;
        if (current != old) {
            replaced.add(old);
        }
        if (replaced.size() > KEPT) {
            replaced.remove();
        }
    }

    private NotReplacedException notReplaced(Throwable cause) {
        NotReplacedException failure = new NotReplacedException(cause);
        if (isTransient.test(failure)) {
            return failure;
        }
        // A cause such as a refused login decides about a record that fails; here none has.
        failure = new NotReplacedException(null);
        failure.addSuppressed(cause);
        return failure;
    }

    private Deserializer<T> made() {
        return Objects.requireNonNull(supplier.get(), "a supplier of deserializers returned null");
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
