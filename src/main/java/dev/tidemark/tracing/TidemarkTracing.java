package dev.tidemark.tracing;

import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkListener.Unit;
import dev.tidemark.UnitInterceptor;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.metrics.MeterBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerBuilder;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Traces consumers with OpenTelemetry: {@code addInterceptor(TidemarkTracing.with(openTelemetry))}. Needs {@code
 * io.opentelemetry:opentelemetry-api}, an optional dependency, 1.32 or newer.
 *
 * <p>Each transaction whose handler is called has one span, {@code process <topic>}, from the handler's first record until after
 * the commit. It links to the contexts in the records' headers, as the given OpenTelemetry's propagators read them, at most
 * {@value #MOST_LINKS} different ones. A transaction that did not commit has the status ERROR; a retry has its own span. A trial, whose
 * transaction is always rolled back and which finds out what causes a failure, has a span with {@code tidemark.trial}, and the status
 * ERROR only if the handler failed in it. Other attributes are those of the semantic conventions for messaging; none contains a key,
 * a value or the message of an exception.
 *
 * <p>While one record is handled, the context in its headers is current, so that spans of the handler continue the trace of
 * its producer; the transaction's own span is current if there is none, and while a batch is handled.
 *
 * <p>The same instance of OpenTelemetry gets two metrics of the conventions: {@code messaging.process.duration}, in seconds, of each
 * such transaction, and {@code messaging.client.consumed.messages}, the records passed to the handler: again with each retry, but not
 * those of trials. What did not commit has {@code error.type}.
 *
 * <p>Names are those of version 1.45 of the conventions, where messaging is not stable yet. {@code messaging.kafka.message.key} is left out,
 * since keys are data.
 *
 * <p>Thread-safe.
 */
public final class TidemarkTracing implements UnitInterceptor {
    /** The maximum number of contexts that a span links to; the SDK's default limit is the same. */
    public static final int MOST_LINKS = 128;

    private final Tracer tracer;
    private final UnitMetrics metrics;
    private final TextMapPropagator propagator;
    private final Map<Thread, UnitSpan> open = new ConcurrentHashMap<>();

    private TidemarkTracing(OpenTelemetry openTelemetry) {
        TracerBuilder builder = openTelemetry.tracerBuilder("dev.tidemark");
        String version = Tidemark.class.getPackage().getImplementationVersion();
        this.tracer = (version == null ? builder : builder.setInstrumentationVersion(version)).build();
        MeterBuilder meter = openTelemetry.meterBuilder("dev.tidemark");
        this.metrics = new UnitMetrics((version == null ? meter : meter.setInstrumentationVersion(version)).build());
        this.propagator = openTelemetry.getPropagators().getTextMapPropagator();
    }

    /** Traces with this instance, and reads record headers with its propagators. */
    public static TidemarkTracing with(OpenTelemetry openTelemetry) {
        return new TidemarkTracing(openTelemetry);
    }

    @Override
    public void aroundTransaction(Transaction transaction) {
        try {
            Unit ended = transaction.run();
            UnitSpan span = open.remove(Thread.currentThread());
            // There is no span if the handler was never called.
            if (span != null) {
                span.end(ended, metrics);
            }
        } finally {
            UnitSpan left = open.remove(Thread.currentThread());
            if (left != null) {
                left.span().end();
            }
        }
    }

    @Override
    public void aroundHandler(HandlerCall call) throws Exception {
        UnitSpan unit = open.computeIfAbsent(
                Thread.currentThread(),
                thread -> UnitSpan.begin(tracer, call.records().get(0).topic()));
        unit.pass(call.records());
        for (ConsumerRecord<?, ?> record : call.records()) {
            if (unit.isFull()) {
                break;
            }
            unit.link(extract(record));
        }
        try (Scope unused = current(call, unit.span()).makeCurrent()) {
            call.proceed();
        } catch (Throwable e) {
            unit.failed(e);
            throw e;
        }
    }

    private Context current(HandlerCall call, Span unit) {
        if (call.records().size() > 1) {
            return Context.current().with(unit);
        }
        Context origin = extract(call.records().get(0));
        return Span.fromContext(origin).getSpanContext().isValid() ? origin : origin.with(unit);
    }

    private Context extract(ConsumerRecord<?, ?> record) {
        return propagator.extract(Context.root(), record.headers(), HeaderGetter.INSTANCE);
    }
}
