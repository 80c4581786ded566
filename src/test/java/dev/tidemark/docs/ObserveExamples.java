package dev.tidemark.docs;

import dev.tidemark.Health;
import dev.tidemark.MdcInterceptor;
import dev.tidemark.RecordHandler;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.metrics.TidemarkMetrics;
import dev.tidemark.tracing.TidemarkTracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import java.util.function.Consumer;

/** The code that docs/observe.md shows, so that it compiles. */
final class ObserveExamples {
    private ObserveExamples() {}

    static void metrics(TidemarkBuilder<String, String> builder, MeterRegistry registry) {
        // docs: metrics
        builder.addListener(TidemarkMetrics.to(registry));
        // docs: end
    }

    static String probes(TidemarkConsumer flights) {
        // docs: probes
        Health health = flights.health();
        int liveness = health.live() ? 200 : 503;
        int readiness = health.ready() ? 200 : 503;
        String body = String.join("\n", health.problems());
        // docs: end
        return liveness + " " + readiness + " " + body;
    }

    static TidemarkConsumer tracing(
            TidemarkBuilder<String, String> builder,
            OpenTelemetry openTelemetry,
            RecordHandler<String, String> handler) {
        // docs: tracing
        TidemarkConsumer flights = builder.topics("flights")
                .addInterceptor(TidemarkTracing.with(openTelemetry))
                .addInterceptor(new MdcInterceptor())
                .handle(handler);
        // docs: end
        return flights;
    }

    static void listener(TidemarkBuilder<String, String> builder, Consumer<String> pager) {
        // docs: listener
        builder.addListener(new TidemarkListener() {
            @Override
            public void halted(Halt halt) {
                pager.accept(halt.partition() + " has halted: " + halt.code());
            }
        });
        // docs: end
    }
}
