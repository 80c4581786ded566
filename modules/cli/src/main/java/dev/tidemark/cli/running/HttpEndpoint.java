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
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code GET /health}, {@code /ready} and {@code /metrics} over HTTP, without TLS and authentication: meant for
 * probes and scrapers on the same host. Thread-safe.
 */
public final class HttpEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);

    /** For a probe and a scrape at the same time, and a spare one for a client that hangs. */
    private static final int THREADS = 3;

    private static final String JSON = "application/json; charset=utf-8";

    private static final JsonMapper MAPPER = new JsonMapper();

    /** Prometheus' text format. */
    private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final ExecutorService threads;

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
     * @param metrics in Prometheus' text format
     * @throws IOException if it cannot listen on the address
     */
    public static HttpEndpoint start(InetSocketAddress address, Supplier<Health> health, Supplier<String> metrics)
            throws IOException {
        HttpServer server = HttpServer.create(address, 0);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "tidemark-http");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        Map<String, Supplier<Response>> pages = Map.of(
                "/health", () -> respond(health.get(), Health::live),
                "/ready", () -> respond(health.get(), Health::ready),
                "/metrics", () -> new Response(200, METRICS, metrics.get()));
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

    private static void handle(HttpExchange exchange, Map<String, Supplier<Response>> pages) throws IOException {
        try (exchange) {
            Supplier<Response> page = pages.get(exchange.getRequestURI().getPath());
            String method = exchange.getRequestMethod();
            if (page == null) {
                send(exchange, new Response(404, JSON, "{\"error\":\"not found: use /health, /ready or /metrics\"}"));
            } else if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, new Response(405, JSON, "{\"error\":\"only GET and HEAD\"}"));
            } else {
                send(exchange, get(page));
            }
        }
    }

    private static Response get(Supplier<Response> page) {
        try {
            return page.get();
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
