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
 * Answers {@code GET /health}, {@code /ready} and {@code /metrics} over HTTP, without TLS and without a login: meant for the
 * probes and scrapers of the same host. Thread-safe.
 */
public final class HttpEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);

    /** A probe beside a scrape, and one to spare for a client that hangs. */
    private static final int THREADS = 3;

    private static final String JSON = "application/json; charset=utf-8";

    private static final JsonMapper MAPPER = new JsonMapper();

    /** Prometheus' text format. */
    private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final ExecutorService threads;

    private record Answer(int status, String type, String body) {}

    private HttpEndpoint(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
    }

    /** This host only. */
    public static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /**
     * Listens until it is closed.
     *
     * @param address port 0 takes a free one
     * @param metrics in Prometheus' text format
     * @throws IOException if the address cannot be had
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
        Map<String, Supplier<Answer>> pages = Map.of(
                "/health", () -> answer(health.get(), Health::live),
                "/ready", () -> answer(health.get(), Health::ready),
                "/metrics", () -> new Answer(200, METRICS, metrics.get()));
        server.createContext("/", exchange -> handle(exchange, pages));
        server.start();
        return new HttpEndpoint(server, threads);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /** Stops at once; responses under way may be cut off. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static void handle(HttpExchange exchange, Map<String, Supplier<Answer>> pages) throws IOException {
        try (exchange) {
            Supplier<Answer> page = pages.get(exchange.getRequestURI().getPath());
            String method = exchange.getRequestMethod();
            if (page == null) {
                send(exchange, new Answer(404, JSON, "{\"error\":\"there are /health, /ready and /metrics\"}"));
            } else if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, new Answer(405, JSON, "{\"error\":\"only GET and HEAD\"}"));
            } else {
                send(exchange, ask(page));
            }
        }
    }

    private static Answer ask(Supplier<Answer> page) {
        try {
            return page.get();
        } catch (RuntimeException e) {
            LOG.debug("a page could not be made cause={}", e.getClass().getSimpleName());
            return new Answer(500, JSON, "{\"error\":\"" + e.getClass().getSimpleName() + "\"}");
        }
    }

    private static Answer answer(Health health, Predicate<Health> well) {
        try {
            return new Answer(well.test(health) ? 200 : 503, JSON, MAPPER.writeValueAsString(health));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.type());
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (exchange.getRequestMethod().equals("HEAD") || body.length == 0) {
            // -1 says that there is no body; zero would mean one of unknown length.
            exchange.sendResponseHeaders(answer.status(), -1);
        } else {
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
