package dev.tidemark.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Traces continue through the handler, and each transaction has a span that says how it ended. */
class TracingIT {
    private static final int RECORDS = 300;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("tracing"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
    private final TidemarkTracing tracing = TidemarkTracing.with(telemetry);

    @AfterEach
    void close() {
        telemetry.close();
    }

    private static String traceId(long number) {
        return String.format("%032x", number + 1);
    }

    private static String spanId(long number) {
        return String.format("%016x", number + 1);
    }

    /** Each record under a trace of its own, but for every tenth, which has none. */
    private void produce() throws Exception {
        try (var producer = kafka.producer()) {
            for (int i = 0; i < RECORDS; i++) {
                Flight flight = flights.get(i);
                ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, flight.key(), flight.json());
                if (i % 10 != 0) {
                    String parent = "00-" + traceId(i) + "-" + spanId(i) + "-01";
                    record.headers().add("traceparent", parent.getBytes(StandardCharsets.UTF_8));
                }
                var unused = producer.send(record);
            }
        }
    }

    private Running start(Function<TidemarkBuilder<String, String>, TidemarkConsumer> special) {
        return Running.start(database, kafka.consumerConfig(topic, "cooperative"), b -> special.apply(b.topics(topic)));
    }

    private void untilAllRead(Running running) {
        running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
    }

    private List<SpanData> spans(String name) {
        return exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals(name))
                .toList();
    }

    private List<SpanData> units() {
        return spans("process " + topic);
    }

    private static String text(SpanData span, String key) {
        return span.getAttributes().get(AttributeKey.stringKey(key));
    }

    private static long count(SpanData span) {
        return span.getAttributes().get(AttributeKey.longKey("messaging.batch.message_count"));
    }

    private static boolean isTrial(SpanData span) {
        return Boolean.TRUE.equals(span.getAttributes().get(AttributeKey.booleanKey("tidemark.trial")));
    }

    private void assertUnit(SpanData span) {
        assertThat(span.getKind()).isEqualTo(SpanKind.CONSUMER);
        assertThat(span.getParentSpanContext().isValid()).isFalse();
        assertThat(text(span, "messaging.system")).isEqualTo("kafka");
        assertThat(text(span, "messaging.operation.name")).isEqualTo("process");
        assertThat(text(span, "messaging.operation.type")).isEqualTo("process");
        assertThat(text(span, "messaging.destination.name")).isEqualTo(topic);
        assertThat(text(span, "messaging.destination.partition.id")).isEqualTo("0");
        assertThat(text(span, "messaging.consumer.group.name")).isEqualTo(topic);
        assertThat(span.getLinks()).hasSizeLessThanOrEqualTo(TidemarkTracing.MOST_LINKS);
    }

    private void assertSilent() {
        for (SpanData span : exporter.getFinishedSpanItems()) {
            for (Canary canary : Canary.values()) {
                assertThat(canary.isIn(span.toString())).as(span.getName()).isFalse();
            }
        }
    }

    @Test
    void aRecordsTraceGoesOnThroughItsHandler() throws Exception {
        produce();
        try (Running running = start(b -> b.addInterceptor(tracing).handle((record, tx) -> {
            telemetry
                    .getTracer("test")
                    .spanBuilder("apply " + record.offset())
                    .startSpan()
                    .end();
            FlightEffects.foldOne(record, tx);
        }))) {
            untilAllRead(running);
        }
        Set<String> unitIds = new HashSet<>();
        Set<String> linked = new HashSet<>();
        for (SpanData unit : units()) {
            assertUnit(unit);
            assertThat(unit.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
            unitIds.add(unit.getSpanId());
            unit.getLinks().forEach(link -> linked.add(link.getSpanContext().getSpanId()));
        }
        assertThat(units().stream().mapToLong(TracingIT::count).sum()).isEqualTo(RECORDS);
        for (int i = 0; i < RECORDS; i++) {
            SpanData applied = spans("apply " + i).get(0);
            if (i % 10 == 0) {
                assertThat(unitIds).as("of a record without a trace").contains(applied.getParentSpanId());
            } else {
                assertThat(applied.getTraceId()).isEqualTo(traceId(i));
                assertThat(applied.getParentSpanId()).isEqualTo(spanId(i));
            }
        }
        assertThat(linked).contains(spanId(1), spanId(9)).doesNotContain(spanId(0));
        assertSilent();
    }

    @Test
    void aBatchHasOneSpanWithLinks() throws Exception {
        produce();
        List<SpanContext> seen = new CopyOnWriteArrayList<>();
        try (Running running = start(b -> b.addInterceptor(tracing).handleBatch((records, tx) -> {
            seen.add(Span.current().getSpanContext());
            FlightEffects.foldBatch(records, tx);
        }))) {
            untilAllRead(running);
        }
        assertThat(units())
                .extracting(SpanData::getSpanId)
                .containsExactlyInAnyOrderElementsOf(
                        seen.stream().map(SpanContext::getSpanId).toList());
        assertThat(units().stream().mapToLong(TracingIT::count).sum()).isEqualTo(RECORDS);
        for (SpanData unit : units()) {
            assertUnit(unit);
            // Of ten records in a row, nine have a context.
            assertThat(unit.getLinks().size())
                    .isGreaterThanOrEqualTo((int) Math.min(TidemarkTracing.MOST_LINKS, count(unit) * 9 / 10 - 1));
        }
        assertSilent();
    }

    @Test
    void whatDidNotCommitIsAnError() throws Exception {
        produce();
        AtomicBoolean refused = new AtomicBoolean();
        try (Running running = start(b -> b.addInterceptor(tracing)
                .onFailure(FailurePolicy.park())
                .handleBatch((records, tx) -> {
                    if (!refused.getAndSet(true)) {
                        throw new SQLException("met " + records, "40001");
                    }
                    FlightEffects.foldBatch(records, tx);
                    if (records.stream().anyMatch(record -> record.offset() == 7)) {
                        throw new IllegalStateException("bad " + records);
                    }
                }))) {
            untilAllRead(running);
        }
        List<SpanData> failed = units().stream()
                .filter(unit -> unit.getStatus().getStatusCode() == StatusCode.ERROR)
                .toList();
        assertThat(units()).as("neighbours were tried").anyMatch(TracingIT::isTrial);
        assertThat(failed).hasSizeGreaterThan(1);
        failed.forEach(this::assertUnit);
        assertThat(failed.get(0).getStatus().getDescription()).isEqualTo("contention");
        assertThat(text(failed.get(0), "error.type")).isEqualTo("java.sql.SQLException");
        assertThat(failed.subList(1, failed.size())).allSatisfy(unit -> {
            assertThat(unit.getStatus().getDescription()).isEqualTo("failed");
            assertThat(text(unit, "error.type")).isEqualTo("java.lang.IllegalStateException");
        });
        assertThat(units().stream()
                        .filter(unit -> unit.getStatus().getStatusCode() == StatusCode.UNSET && !isTrial(unit))
                        .mapToLong(TracingIT::count)
                        .sum())
                .as("all but the one that was parked")
                .isEqualTo(RECORDS - 1);
        assertSilent();
    }
}
