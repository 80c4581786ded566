package dev.tidemark.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/** Binds the metrics of Kafka's client, with Micrometer's binder. */
final class KafkaMeters {
    private KafkaMeters() {}

    /** Binds until it is closed. */
    static KafkaClientMetrics bind(MeterRegistry registry, Supplier<Map<MetricName, ? extends Metric>> metrics) {
        KafkaClientMetrics bound = new KafkaClientMetrics(view(metrics));
        bound.bindTo(registry);
        return bound;
    }

    /** The binder needs a consumer, and calls only its {@code metrics()}; the real one belongs to one thread. */
    private static Consumer<?, ?> view(Supplier<Map<MetricName, ? extends Metric>> metrics) {
        return (Consumer<?, ?>) Proxy.newProxyInstance(
                KafkaMeters.class.getClassLoader(), new Class<?>[] {Consumer.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("metrics")) {
                        return metrics.get();
                    }
                    throw new UnsupportedOperationException("only metrics() may be called, not " + method.getName());
                });
    }
}
