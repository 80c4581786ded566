package dev.tidemark.internal.unit;

import dev.tidemark.UnitInterceptor;
import dev.tidemark.UnitInterceptor.HandlerCall;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * One call of a handler inside its interceptors. An interceptor that does not call the handler, or swallows its failure, fails the
 * call: otherwise a record without an effect would count as handled. Used by one thread.
 */
final class InterceptedCall {
    private final String groupId;
    private final List<UnitInterceptor> interceptors;
    private final List<? extends ConsumerRecord<?, ?>> records;
    private final Handle handle;
    private final Handler handler;
    private boolean called;
    private @Nullable Throwable failure;

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
        }
        // The handler's own exception decides, even if an interceptor replaced it.
        Throwable own = failure == null ? thrown : failure;
        if (thrown != null && thrown != own) {
            Objects.requireNonNull(own).addSuppressed(thrown);
        }
        if (own instanceof Error error) {
            throw error;
        }
        if (own instanceof Exception exception) {
            throw exception;
        }
        if (!called) {
            throw new IllegalStateException("an interceptor did not call proceed, so that the handler was not called");
        }
    }

    private void from(int index) throws Exception {
        if (index < interceptors.size()) {
            interceptors.get(index).aroundHandler(new Next(index + 1));
            return;
        }
        called = true;
        try {
            handler.call();
        } catch (Throwable e) {
            failure = e;
            throw e;
        }
    }

    private final class Next implements HandlerCall {
        private final int next;
        private boolean used;

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
            if (used) {
                throw new IllegalStateException("a handler is called once");
            }
            used = true;
            from(next);
        }
    }
}
