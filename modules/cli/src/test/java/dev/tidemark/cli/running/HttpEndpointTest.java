package dev.tidemark.cli.running;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.Health;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Probes and scrapes over HTTP. */
class HttpEndpointTest {
    private final AtomicReference<Health> health = new AtomicReference<>(new Health(true, true, List.of()));
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpEndpoint endpoint;

    @BeforeEach
    void start() throws IOException {
        endpoint = HttpEndpoint.start(HttpEndpoint.loopback(0), health::get, type -> "tidemark_units_total 7.0\n");
    }

    @AfterEach
    void stop() {
        endpoint.close();
    }

    private HttpResponse<String> send(String method, String path) throws Exception {
        URI uri = URI.create("http://" + endpoint.address().getAddress().getHostAddress() + ":"
                + endpoint.address().getPort() + path);
        return client.send(
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @ParameterizedTest
    @CsvSource({"true, true, 200, 200", "true, false, 200, 503", "false, false, 503, 503"})
    void theStatusIsTheAnswer(boolean live, boolean ready, int ofHealth, int ofReady) throws Exception {
        List<String> problems = List.of("a \"quoted\" \\ word\n\tand \u00e9", "another");
        health.set(new Health(live, ready, problems));
        for (String path : List.of("/health", "/livez", "/ready", "/readyz")) {
            HttpResponse<String> response = send("GET", path);
            assertThat(response.statusCode()).isEqualTo(path.contains("ready") ? ofReady : ofHealth);
            assertThat(response.headers().firstValue("content-type")).contains("application/json; charset=utf-8");
            assertThat((Object) new JsonMapper().readTree(response.body()))
                    .isEqualTo(
                            new JsonMapper().valueToTree(Map.of("live", live, "ready", ready, "problems", problems)));
            assertThat(send("HEAD", path).statusCode()).isEqualTo(response.statusCode());
            assertThat(send("HEAD", path).body()).isEmpty();
        }
    }

    @Test
    void metricsAreText() throws Exception {
        HttpResponse<String> response = send("GET", "/metrics?name=all");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("tidemark_units_total 7.0\n");
        assertThat(response.headers().firstValue("content-type")).contains("text/plain; version=0.0.4; charset=utf-8");
    }

    @Test
    void openMetricsAreGivenToWhoAsksForThem() throws Exception {
        PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        meters.counter("tidemark.units").increment();
        try (HttpEndpoint real = HttpEndpoint.start(HttpEndpoint.loopback(0), health::get, meters::scrape)) {
            URI uri = URI.create("http://" + real.address().getAddress().getHostAddress() + ":"
                    + real.address().getPort() + "/metrics");
            for (String accepted :
                    List.of("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "text/plain", "*/*")) {
                HttpResponse<String> response = client.send(
                        HttpRequest.newBuilder(uri).header("Accept", accepted).build(),
                        HttpResponse.BodyHandlers.ofString());
                boolean open = accepted.contains("openmetrics");
                assertThat(response.headers().firstValue("content-type").orElseThrow())
                        .startsWith(open ? "application/openmetrics-text; version=1.0.0" : "text/plain; version=0.0.4");
                assertThat(response.body().endsWith("# EOF\n")).isEqualTo(open);
                assertThat(response.body()).contains("tidemark_units_total 1.0");
            }
        }
    }

    /** Half a request line, half the headers, a body that never comes, a response that is never read. */
    @Test
    void clientsThatHangHinderNobodyAndAreCutOff() throws Exception {
        List<Socket> hanging = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                Socket socket = new Socket(
                        endpoint.address().getAddress(), endpoint.address().getPort());
                hanging.add(socket);
                String half = List.of("GET /hea", "GET /health HTTP/1.1\r\nHost: x\r\nX-Half: ", "GET", "\r")
                        .get(i % 4);
                socket.getOutputStream().write(half.getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().flush();
            }
            for (String path : List.of("/health", "/ready", "/metrics")) {
                assertThat(send("GET", path).statusCode()).isEqualTo(200);
            }
            for (Socket socket : hanging) {
                socket.setSoTimeout(60_000);
                assertThat(isClosedByServer(socket)).isTrue();
            }
        } finally {
            for (Socket socket : hanging) {
                socket.close();
            }
        }
        assertThat(send("GET", "/health").statusCode()).isEqualTo(200);
    }

    private static boolean isClosedByServer(Socket socket) throws IOException {
        try {
            while (socket.getInputStream().read() >= 0) {
                // An error page may come first.
            }
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (SocketException reset) {
            return true;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/healthz", "/health/", "/metrics/x", "/..%2fhealth"})
    void nothingElseIsThere(String path) throws Exception {
        assertThat(send("GET", path).statusCode()).isEqualTo(404);
    }

    @Test
    void nothingCanBeWritten() throws Exception {
        HttpResponse<String> response = send("POST", "/health");
        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("allow")).contains("GET, HEAD");
    }

    @Test
    void aSupplierThatFailsIsAnErrorOfItsOwn() throws Exception {
        try (HttpEndpoint failing = HttpEndpoint.start(
                HttpEndpoint.loopback(0),
                () -> {
                    throw new IllegalStateException("with a secret");
                },
                type -> "")) {
            HttpEndpoint before = endpoint;
            endpoint = failing;
            HttpResponse<String> response = send("GET", "/health");
            assertThat(response.statusCode()).isEqualTo(500);
            assertThat(response.body()).doesNotContain("secret");
            assertThat(send("GET", "/metrics").statusCode()).isEqualTo(200);
            endpoint = before;
        }
    }

    @Test
    void onlyThisHostIsAnswered() {
        assertThat(endpoint.address().getAddress().isLoopbackAddress()).isTrue();
        assertThatThrownBy(() -> HttpEndpoint.start(endpoint.address(), health::get, type -> ""))
                .isInstanceOf(BindException.class);
        endpoint.close();
        assertThatThrownBy(() -> send("GET", "/health")).isInstanceOf(ConnectException.class);
    }
}
