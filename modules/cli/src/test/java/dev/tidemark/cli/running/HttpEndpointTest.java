package dev.tidemark.cli.running;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.Health;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
        endpoint = HttpEndpoint.start(HttpEndpoint.loopback(0), health::get, () -> "tidemark_units_total 7.0\n");
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
        for (String path : List.of("/health", "/ready")) {
            HttpResponse<String> response = send("GET", path);
            assertThat(response.statusCode()).isEqualTo(path.equals("/health") ? ofHealth : ofReady);
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
                () -> "")) {
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
        assertThatThrownBy(() -> HttpEndpoint.start(endpoint.address(), health::get, () -> ""))
                .isInstanceOf(BindException.class);
        endpoint.close();
        assertThatThrownBy(() -> send("GET", "/health")).isInstanceOf(ConnectException.class);
    }
}
