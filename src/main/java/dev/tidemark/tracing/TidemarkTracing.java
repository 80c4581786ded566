package dev.tidemark.tracing;

import dev.tidemark.BatchHandler;
import dev.tidemark.RecordHandler;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerBuilder;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapPropagator;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Traces consumers with OpenTelemetry. Needs {@code io.opentelemetry:opentelemetry-api}, which Tidemark does not force on you.
 *
 * <p>Each transaction whose handler is called has one span, {@code process <topic>}, from the handler's first record until after
 * the commit. It links to the contexts that the records' headers carry, as the given OpenTelemetry's propagators read them, to
 * {@value #MOST_LINKS} different ones at most. A transaction that did not commit has the status ERROR; what is tried again has
 * another span. Attributes are those of the semantic conventions for messaging; keys, values and the messages of exceptions are
 * in none of them.
 *
 * <p>Thread-safe.
 */
public final class TidemarkTracing {
    /** To how many contexts a span links at most; the SDK's own default limit is the same. */
    public static final int MOST_LINKS = 128;

    private final Tracer tracer;
    private final TextMapPropagator propagator;

    private TidemarkTracing(OpenTelemetry openTelemetry) {
        TracerBuilder builder = openTelemetry.tracerBuilder("dev.tidemark");
        String version = TidemarkConsumer.class.getPackage().getImplementationVersion();
        this.tracer = (version == null ? builder : builder.setInstrumentationVersion(version)).build();
        this.propagator = openTelemetry.getPropagators().getTextMapPropagator();
    }

    /** Traces with this; reads record headers with its propagators. */
    public static TidemarkTracing with(OpenTelemetry openTelemetry) {
        return new TidemarkTracing(openTelemetry);
    }

    /**
     * As {@link TidemarkBuilder#handle}, and traced. While a record is handled, the context that its headers carry is current, so
     * that spans of the handler go on with the trace of its producer; the transaction's own span is current where they carry none.
     */
    public <K, V> TidemarkConsumer handle(TidemarkBuilder<K, V> builder, RecordHandler<K, V> handler) {
        UnitSpans spans = new UnitSpans(tracer);
        return builder.listener(spans).handle((record, tx) -> {
            UnitSpan unit = spans.current(record.topic());
            Context own = extract(record);
            unit.link(own);
            Context context = Span.fromContext(own).getSpanContext().isValid() ? own : own.with(unit.span());
            try (Scope unused = context.makeCurrent()) {
                handler.handle(record, tx);
            } catch (Throwable e) {
                unit.failed(e);
                throw e;
            }
        });
    }

    /** As {@link TidemarkBuilder#handleBatch}, and traced. While the handler runs, the transaction's span is current. */
    public <K, V> TidemarkConsumer handleBatch(TidemarkBuilder<K, V> builder, BatchHandler<K, V> handler) {
        UnitSpans spans = new UnitSpans(tracer);
        return builder.listener(spans).handleBatch((records, tx) -> {
            UnitSpan unit = spans.current(records.get(0).topic());
            for (ConsumerRecord<K, V> record : records) {
                if (unit.isFull()) {
                    break;
                }
                unit.link(extract(record));
            }
            try (Scope unused = unit.span().makeCurrent()) {
                handler.handle(records, tx);
            } catch (Throwable e) {
                unit.failed(e);
                throw e;
            }
        });
    }

    private Context extract(ConsumerRecord<?, ?> record) {
        return propagator.extract(Context.root(), record.headers(), HeaderGetter.INSTANCE);
    }
}
