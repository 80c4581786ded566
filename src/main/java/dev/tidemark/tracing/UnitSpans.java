package dev.tidemark.tracing;

import dev.tidemark.TidemarkListener;
import io.opentelemetry.api.trace.Tracer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The span of the transaction that is open on each thread: begun when the handler is first called in it, ended when the listener
 * hears of its end, which is on the same thread.
 */
final class UnitSpans implements TidemarkListener {
    private final Tracer tracer;
    private final Map<Thread, UnitSpan> open = new ConcurrentHashMap<>();

    UnitSpans(Tracer tracer) {
        this.tracer = tracer;
    }

    /** The span of this thread's transaction, which is begun if there is none. */
    UnitSpan current(String topic) {
        return open.computeIfAbsent(Thread.currentThread(), thread -> UnitSpan.begin(tracer, topic));
    }

    @Override
    public void unitEnded(Unit ended) {
        UnitSpan unit = open.remove(Thread.currentThread());
        // Before the handler was called there was nothing to trace.
        if (unit != null) {
            unit.end(ended);
        }
    }
}
