package dev.tidemark.cli.running;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tidemark.Health;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code GET /health} and {@code /livez}, {@code /ready} and {@code /readyz}, and {@code /metrics} over HTTP, without TLS and
 * authentication: meant for probes and scrapers on the same host. A client that has not sent its request after 5 s, or not read the
 * response after 10 s, is cut off. Thread-safe.
 */
public final class HttpEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);

    /** Far more than probes and scrapers need, as a client that hangs keeps one until it is cut off. */
    private static final int THREADS = 64;

    /** In seconds. The server reads them once, before its first start. */
    private static final Map<String, Integer> LIMITS =
            Map.of("sun.net.httpserver.maxReqTime", 5, "sun.net.httpserver.maxRspTime", 10);

    static {
        LIMITS.forEach((name, seconds) -> {
            if (System.getProperty(name) == null) {
                System.setProperty(name, seconds.toString());
            }
        });
    }

    private static final String JSON = "application/json; charset=utf-8";

    private static final JsonMapper MAPPER = new JsonMapper();

    /** Prometheus' text format. */
    private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";

    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private final HttpServer server;
    private final ExecutorService threads;

    /** Renders a page for a client that accepts these content types. */
    private interface Page {
        Response get(String accepted);
    }

    private record Response(int status, String type, String body) {}

    private HttpEndpoint(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
    }

    /** The loopback address with this port. */
    public static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /**
     * Listens until it is closed.
     *
     * @param address port 0 takes a free one
     * @param metrics renders all meters in the format of a content type: Prometheus' text, or OpenMetrics where a scraper asks for it
     * @throws IOException if it cannot listen on the address
     */
    public static HttpEndpoint start(InetSocketAddress address, Supplier<Health> health, UnaryOperator<String> metrics)
            throws IOException {
        HttpServer server = HttpServer.create(address, 0);
        ExecutorService threads =
                new ThreadPoolExecutor(0, THREADS, 30, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "tidemark-http");
                    thread.setDaemon(true);
                    return thread;
                });
        server.setExecutor(threads);
        Page live = accepted -> respond(health.get(), Health::live);
        Page ready = accepted -> respond(health.get(), Health::ready);
        Page scrape = accepted -> {
            String type = accepted.contains("application/openmetrics-text") ? OPEN_METRICS : METRICS;
            return new Response(200, type, metrics.apply(type));
        };
        Map<String, Page> pages =
                Map.of("/health", live, "/livez", live, "/ready", ready, "/readyz", ready, "/metrics", scrape);
        server.createContext("/", exchange -> handle(exchange, pages));
        server.start();
        return new HttpEndpoint(server, threads);
    }

    /** The address that it listens on. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /** Stops at once; responses under way may be cut off. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static void handle(HttpExchange exchange, Map<String, Page> pages) throws IOException {
        try (exchange) {
            Page page = pages.get(exchange.getRequestURI().getPath());
            String method = exchange.getRequestMethod();
            if (page == null) {
                send(
                        exchange,
                        new Response(
                                404,
                                JSON,
                                "{\"error\":\"not found: use /health, /ready, /livez, /readyz or /metrics\"}"));
            } else if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, new Response(405, JSON, "{\"error\":\"only GET and HEAD\"}"));
            } else {
                String accepted = exchange.getRequestHeaders().getFirst("Accept");
                send(exchange, get(page, accepted == null ? "" : accepted));
            }
        }
    }

    private static Response get(Page page, String accepted) {
        try {
            return page.get(accepted);
        } catch (RuntimeException e) {
            LOG.debug("a page could not be rendered cause={}", e.getClass().getSimpleName());
            return new Response(500, JSON, "{\"error\":\"" + e.getClass().getSimpleName() + "\"}");
        }
    }

    private static Response respond(Health health, Predicate<Health> well) {
        try {
            return new Response(well.test(health) ? 200 : 503, JSON, MAPPER.writeValueAsString(health));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void send(HttpExchange exchange, Response response) throws IOException {
        byte[] body = response.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", response.type());
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (exchange.getRequestMethod().equals("HEAD") || body.length == 0) {
            // -1 means no body; zero would mean one of unknown length.
            exchange.sendResponseHeaders(response.status(), -1);
        } else {
            exchange.sendResponseHeaders(response.status(), body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
