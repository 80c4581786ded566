package dev.tidemark.cli.option;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.running.HttpEndpoint;
import dev.tidemark.metrics.TidemarkMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether and where a run serves {@code /health}, {@code /ready} and {@code /metrics}. */
public final class HttpOptions {
    @Option(
            names = "--http-port",
            paramLabel = "PORT",
            converter = WholeNumbers.Ports.class,
            description =
                    "Serve /health (/livez), /ready (/readyz) and /metrics (Prometheus, OpenMetrics) on this port."
                            + " Default: off.")
    private @Nullable Integer port;

    @Option(
            names = "--http-host",
            paramLabel = "HOST",
            description =
                    "The address to listen on, such as 0.0.0.0 for all: there is no authentication and no TLS. Default:"
                            + " loopback only.")
    private @Nullable String host;

    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** Adds metrics, if there is an endpoint to serve them. */
    public <K, V> TidemarkBuilder<K, V> apply(TidemarkBuilder<K, V> builder) {
        return port == null ? builder : builder.addListener(TidemarkMetrics.to(meters));
    }

    /** Refuses what cannot be served (TM-103). */
    public void check() {
        if (port == null && host != null) {
            throw CommandException.wrongInput("--http-host is given without --http-port: nothing would be served");
        }
    }

    /** Serves until it is closed; null without --http-port. To be {@link #check}ed before. */
    @Nullable
    public HttpEndpoint start(TidemarkConsumer consumer) {
        if (port == null) {
            return null;
        }
        InetSocketAddress address = host == null ? HttpEndpoint.loopback(port) : new InetSocketAddress(host, port);
        try {
            return HttpEndpoint.start(address, consumer::health, meters::scrape);
        } catch (IOException e) {
            throw CommandException.wrongInput("cannot listen on " + address + " (" + e.getMessage()
                    + "): choose another --http-port or --http-host");
        }
    }
}
