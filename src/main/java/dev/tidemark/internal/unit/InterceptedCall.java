package dev.tidemark.internal.unit;

import dev.tidemark.UnitInterceptor;
import dev.tidemark.UnitInterceptor.HandlerCall;
import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.thread.Unchecked;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * One call of a handler inside its interceptors. Unless the handler has returned by the time they return, and nothing between them
 * failed, the call fails: otherwise a record without an effect would count as handled. Interceptors may call the handler on another
 * thread, for which they wait.
 */
final class InterceptedCall {
    private final String groupId;
    private final List<UnitInterceptor> interceptors;
    private final List<? extends ConsumerRecord<?, ?>> records;
    private final Handle handle;
    private final Handler handler;

    /** What failed first, the handler or an interceptor, whoever caught it since. */
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    private volatile boolean completed;
    private volatile boolean over;

    /** What the innermost interceptor wraps. */
    @FunctionalInterface
    interface Handler {
        void call() throws Exception;
    }

    InterceptedCall(
            String groupId,
            List<UnitInterceptor> interceptors,
            List<? extends ConsumerRecord<?, ?>> records,
            Handle handle,
            Handler handler) {
        this.groupId = groupId;
        this.interceptors = interceptors;
        this.records = records;
        this.handle = handle;
        this.handler = handler;
    }

    void run() throws Exception {
        Throwable thrown = null;
        try {
            from(0);
        } catch (Throwable e) {
            thrown = e;
        } finally {
            over = true;
        }
        // Even if the handler had failed before.
        Fatal.rethrow(thrown);
        Throwable first = failure.get();
        if (first != null && thrown != null && thrown != first) {
            first.addSuppressed(thrown);
        }
        Throwable decisive = first == null ? thrown : first;
        if (decisive != null) {
            throw Unchecked.rethrow(decisive);
        }
        if (!completed) {
            throw new IllegalStateException(
                    "an interceptor did not call proceed, or did not wait for it to return, so the handler has not returned");
        }
    }

    private void from(int index) throws Exception {
        if (index < interceptors.size()) {
            interceptors.get(index).aroundHandler(new Next(index + 1));
            return;
        }
        handler.call();
        completed = true;
    }

    private final class Next implements HandlerCall {
        private final int next;
        private final AtomicBoolean used = new AtomicBoolean();

        Next(int next) {
            this.next = next;
        }

        @Override
        public String groupId() {
            return groupId;
        }

        @Override
        public List<? extends ConsumerRecord<?, ?>> records() {
            return records;
        }

        @Override
        public Handle handle() {
            return handle;
        }

        @Override
        public void proceed() throws Exception {
            if (over) {
                throw new IllegalStateException("the transaction of this call has ended");
            }
            if (used.getAndSet(true)) {
                throw new IllegalStateException("a handler is called once");
            }
            try {
                from(next);
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
                throw e;
            }
        }
    }
}
