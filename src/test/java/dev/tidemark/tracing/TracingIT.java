package dev.tidemark.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.errors.ErrorCode;
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
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.data.Offset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Traces continue through the handler, and each transaction has a span that says how it ended. */
@Tag("exhaustive")
class TracingIT {
    private static final int RECORDS = 300;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("tracing"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final InMemoryMetricReader reader = InMemoryMetricReader.create();
    private final OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .build())
            .setMeterProvider(
                    SdkMeterProvider.builder().registerMetricReader(reader).build())
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

    private MetricData metric(String name) {
        List<MetricData> found = reader.collectAllMetrics().stream()
                .filter(metric -> metric.getName().equals(name))
                .toList();
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    /** With the attributes that the conventions name, and no others. */
    private Attributes attributes(@Nullable String error, boolean trial) {
        AttributesBuilder all = Attributes.builder()
                .put("messaging.system", "kafka")
                .put("messaging.operation.name", "process")
                .put("messaging.consumer.group.name", topic)
                .put("messaging.destination.name", topic)
                .put("messaging.destination.partition.id", "0");
        if (error != null) {
            all.put("error.type", error);
        }
        return (trial ? all.put("tidemark.trial", true) : all).build();
    }

    private Map<Attributes, Long> consumed() {
        MetricData metric = metric("messaging.client.consumed.messages");
        assertThat(metric.getUnit()).isEqualTo("{message}");
        return metric.getLongSumData().getPoints().stream()
                .collect(Collectors.toMap(LongPointData::getAttributes, LongPointData::getValue));
    }

    /** One measurement for each span, as long as the span, but for what a busy machine puts between two looks at the clock. */
    private Map<Attributes, Long> assertDurationsAreThoseOfSpans() {
        MetricData metric = metric("messaging.process.duration");
        assertThat(metric.getUnit()).isEqualTo("s");
        Collection<HistogramPointData> points = metric.getHistogramData().getPoints();
        assertThat(points)
                .allSatisfy(point -> assertThat(point.getBoundaries())
                        .containsExactly(
                                0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0));
        double spans = units().stream()
                        .mapToLong(unit -> unit.getEndEpochNanos() - unit.getStartEpochNanos())
                        .sum()
                / 1e9;
        assertThat(points.stream().mapToDouble(HistogramPointData::getSum).sum())
                .isPositive()
                .isCloseTo(spans, Offset.offset(1.0));
        Map<Attributes, Long> counts = points.stream()
                .collect(Collectors.toMap(HistogramPointData::getAttributes, HistogramPointData::getCount));
        assertThat(counts.values().stream().mapToLong(count -> count).sum()).isEqualTo(units().size());
        return counts;
    }

    private void assertSilent() {
        for (MetricData metric : reader.collectAllMetrics()) {
            for (Canary canary : Canary.values()) {
                assertThat(canary.isIn(metric.toString())).as(metric.getName()).isFalse();
            }
        }
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
        assertThat(consumed()).isEqualTo(Map.of(attributes(null, false), (long) RECORDS));
        assertThat(assertDurationsAreThoseOfSpans()).isEqualTo(Map.of(attributes(null, false), (long) units().size()));
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
        assertThat(consumed()).isEqualTo(Map.of(attributes(null, false), (long) RECORDS));
        Map<Attributes, Long> unused = assertDurationsAreThoseOfSpans();
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
        AtomicBoolean suspended = new AtomicBoolean();
        try (Running running = start(b -> b.addInterceptor(tracing)
                .addListener(new TidemarkListener() {
                    @Override
                    public void retrying(Retry retry) {
                        suspended.compareAndSet(false, retry.code() == ErrorCode.PROCESS_SUSPENDED);
                    }
                })
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
        // A failure shows nothing if a busy machine gave the process no time.
        Set<String> descriptions = suspended.get() ? Set.of("failed", "transient") : Set.of("failed");
        assertThat(failed.subList(1, failed.size())).allSatisfy(unit -> {
            assertThat(unit.getStatus().getDescription()).isIn(descriptions);
            assertThat(text(unit, "error.type")).isEqualTo("java.lang.IllegalStateException");
        });
        assertThat(consumed())
                .containsEntry(attributes(null, false), RECORDS - 1L)
                .containsOnlyKeys(
                        attributes(null, false),
                        attributes("java.sql.SQLException", false),
                        attributes("java.lang.IllegalStateException", false));
        assertThat(assertDurationsAreThoseOfSpans())
                .containsEntry(attributes("java.sql.SQLException", false), 1L)
                .containsKeys(attributes("java.lang.IllegalStateException", false), attributes(null, true));
        assertThat(units().stream()
                        .filter(unit -> unit.getStatus().getStatusCode() == StatusCode.UNSET && !isTrial(unit))
                        .mapToLong(TracingIT::count)
                        .sum())
                .as("all but the one that was parked")
                .isEqualTo(RECORDS - 1);
        assertSilent();
    }
}
