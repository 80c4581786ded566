package dev.tidemark.tracing;

import static dev.tidemark.tracing.MessagingAttributes.COUNT;
import static dev.tidemark.tracing.MessagingAttributes.DESTINATION;
import static dev.tidemark.tracing.MessagingAttributes.KAFKA;
import static dev.tidemark.tracing.MessagingAttributes.OPERATION;
import static dev.tidemark.tracing.MessagingAttributes.OPERATION_TYPE;
import static dev.tidemark.tracing.MessagingAttributes.PROCESS;
import static dev.tidemark.tracing.MessagingAttributes.SYSTEM;

import dev.tidemark.TidemarkListener.Outcome;
import dev.tidemark.TidemarkListener.Unit;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** One transaction's span. Used by one thread. */
final class UnitSpan {
    private final Span span;
    private final long began = System.nanoTime();
    private final Map<TopicPartition, Long> passed = new HashMap<>();
    private final Set<SpanContext> linked = new HashSet<>();
    private @Nullable String error;

    private UnitSpan(Span span) {
        this.span = span;
    }

    static UnitSpan begin(Tracer tracer, String topic) {
        return new UnitSpan(tracer.spanBuilder(PROCESS + " " + topic)
                .setSpanKind(SpanKind.CONSUMER)
                .setAttribute(SYSTEM, KAFKA)
                .setAttribute(OPERATION, PROCESS)
                .setAttribute(OPERATION_TYPE, PROCESS)
                .startSpan());
    }

    Span span() {
        return span;
    }

    /** These go to the handler now. */
    void pass(List<? extends ConsumerRecord<?, ?>> records) {
        for (ConsumerRecord<?, ?> record : records) {
            passed.merge(new TopicPartition(record.topic(), record.partition()), 1L, Long::sum);
        }
    }

    boolean isFull() {
        return linked.size() >= TidemarkTracing.MOST_LINKS;
    }

    /** Links to the span that a record comes from, once. */
    void link(Context origin) {
        SpanContext context = Span.fromContext(origin).getSpanContext();
        if (context.isValid() && !isFull() && linked.add(context)) {
            span.addLink(context);
        }
    }

    /** What the handler threw; its message may contain data, so only its class is recorded. */
    void failed(Throwable thrown) {
        error = thrown.getClass().getName();
    }

    /** The transaction has ended, which is a measurement too. */
    void end(Unit unit, UnitMetrics metrics) {
        boolean trial = unit.outcome() == Outcome.TRIAL;
        String type = null;
        if (unit.outcome() != Outcome.COMMITTED && (!trial || error != null)) {
            String outcome = unit.outcome().name().toLowerCase(Locale.ROOT);
            type = error == null ? outcome : error;
            span.setStatus(StatusCode.ERROR, outcome);
        }
        Attributes attributes = MessagingAttributes.of(unit, type);
        span.setAllAttributes(attributes);
        span.setAttribute(COUNT, unit.size());
        if (attributes.get(DESTINATION) == null) {
            span.updateName(PROCESS);
        }
        metrics.ended(attributes, trial ? Map.of() : passed, System.nanoTime() - began);
        span.end();
    }
}
