package dev.tidemark.internal.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.net.httpserver.HttpServer;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logins that fail before any broker is asked, as Kafka's client reports them when it is created. */
class LoginFailuresTest {
    private static final String SECRET = "hunter2-xyzzy";
    private static final String ALLOWED = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
    private static final String OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLogin";

    private HttpServer endpoint;

    @BeforeEach
    void start() throws IOException {
        endpoint = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        endpoint.createContext("/", exchange -> {
            byte[] reply = "{\"error\":\"no\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(
                    exchange.getRequestURI().getPath().endsWith("refuses") ? 401 : 503, reply.length);
            exchange.getResponseBody().write(reply);
            exchange.close();
        });
        endpoint.start();
    }

    @AfterEach
    void stop() {
        endpoint.stop(0);
        System.clearProperty(ALLOWED);
    }

    private static Map<String, Object> settings(String words) {
        Map<String, Object> settings = new HashMap<>(
                Map.of("bootstrap.servers", "localhost:9", "group.id", "etl", "security.protocol", "SASL_PLAINTEXT"));
        for (String pair : words.split("\\s*\\|\\s*", -1)) {
            settings.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
        }
        return settings;
    }

    /** What Tidemark says of these settings: refused at once, or when the client is created. */
    private static TidemarkException failure(Map<String, Object> settings) {
        Throwable failure = catchThrowable(() -> {
            Map<String, Object> admin = KafkaSettings.of(settings).admin();
            try {
                Admin.create(admin).close();
            } catch (RuntimeException e) {
                throw KafkaErrors.notMade("etl", e);
            }
        });
        assertThat(failure).isInstanceOf(TidemarkException.class).hasMessageNotContaining(SECRET);
        return (TidemarkException) failure;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '>',
            value = {
                "sasl.mechanism=PLAIN > sasl.jaas.config is missing",
                "sasl.mechanism=PLAIN | sasl.jaas.config=what is hunter2-xyzzy > check its grammar",
                "sasl.mechanism=PLAIN | sasl.jaas.config=a.b.None required password=\"hunter2-xyzzy\"; > login module a.b.None of",
                "sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required; > needs sasl.kerberos.service.name",
                "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\""
                        + " password=\"hunter2-xyzzy\"; > sasl.mechanism is GSSAPI by default, which does not fit",
                "sasl.mechanism=PLAIN | sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
                        + " required clientSecret=\"hunter2-xyzzy\"; > set it to OAUTHBEARER",
                "sasl.mechanism=OAUTHBEARER | sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule"
                        + " required username=\"u\" password=\"hunter2-xyzzy\"; > set it to PLAIN or SCRAM-SHA-256",
                "sasl.kerberos.service.name=kafka | sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required"
                        + " useKeyTab=true keyTab=\"/nowhere/kafka.keytab\" principal=\"etl@NOWHERE\"; > Kerberos"
            })
    void aWrongSettingIsNamed(String words, String part) {
        TidemarkException failure = failure(settings(words));
        assertThat(failure.code()).as(String.valueOf(failure.getMessage())).isEqualTo(ErrorCode.INVALID_SETTING);
        assertThat(failure).hasMessageContaining(part);
    }

    private static Map<String, Object> oauth(String url) {
        System.setProperty(ALLOWED, url);
        return settings("sasl.mechanism=OAUTHBEARER"
                + " | sasl.jaas.config=" + OAUTH + "Module required clientId=\"etl\" clientSecret=\"" + SECRET + "\";"
                + " | sasl.login.callback.handler.class=" + OAUTH + "CallbackHandler"
                + " | sasl.oauthbearer.client.credentials.client.id=etl"
                + " | sasl.oauthbearer.client.credentials.client.secret=" + SECRET
                + " | sasl.login.retry.backoff.ms=1 | sasl.login.retry.backoff.max.ms=2"
                + " | sasl.oauthbearer.token.endpoint.url=" + url);
    }

    private String url(String path) {
        return "http://localhost:" + endpoint.getAddress().getPort() + path;
    }

    /** It may come back, so that a consumer waits for it. */
    @Test
    void anEndpointThatIsAwayIsAnOutage() {
        for (String url : new String[] {"http://localhost:1/token", url("/is-down")}) {
            TidemarkException failure = failure(oauth(url));
            assertThat(failure.code()).as(String.valueOf(failure.getMessage())).isEqualTo(ErrorCode.KAFKA_UNAVAILABLE);
            assertThat(failure).hasMessageContaining("sasl.oauthbearer.token.endpoint.url");
        }
    }

    @Test
    void anEndpointThatRefusesIsNone() {
        TidemarkException failure = failure(oauth(url("/refuses")));
        assertThat(failure.code()).as(String.valueOf(failure.getMessage())).isEqualTo(ErrorCode.INVALID_SETTING);
        assertThat(failure).hasMessageContaining("refuses the login").hasMessageContaining("clientSecret");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '>',
            value = {
                "ssl.cipher.suites=TLS_NONSENSE > ssl.cipher.suites=TLS_NONSENSE",
                "ssl.enabled.protocols=TLSv9 > ssl.enabled.protocols=TLSv9",
                "ssl.enabled.protocols=TLSv1.3, TLSv9 > ssl.enabled.protocols=TLSv1.3, TLSv9",
                "ssl.protocol=TLSv9 > TLSv9",
                "ssl.provider=Nobody > Nobody"
            })
    void whatJavasTlsRefusesIsASetting(String words, String part) {
        for (String protocol : new String[] {"SSL", "ssl", "SASL_SSL"}) {
            TidemarkException failure = failure(settings("sasl.mechanism=PLAIN | sasl.jaas.config="
                    + "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\""
                    + SECRET
                    + "\"; | " + words + " | security.protocol=" + protocol));
            assertThat(failure.code()).as(String.valueOf(failure.getMessage())).isEqualTo(ErrorCode.INVALID_SETTING);
            assertThat(failure).hasMessageContaining(part);
        }
        KafkaSettings unused = KafkaSettings.of(settings(words + " | security.protocol=PLAINTEXT"));
    }

    @Test
    void whatJavaKnowsIsTaken() {
        KafkaSettings unused = KafkaSettings.of(
                settings(
                        "security.protocol=SSL"
                                + " | ssl.cipher.suites=TLS_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256 | ssl.enabled.protocols=TLSv1.3"));
    }

    @Test
    void controllersServeNoConsumer() {
        for (String servers : new String[] {"localhost:9", ""}) {
            Map<String, Object> settings = settings("security.protocol=PLAINTEXT | bootstrap.controllers=localhost:9");
            settings.put("bootstrap.servers", servers);
            TidemarkException failure = failure(settings);
            assertThat(failure.code()).isEqualTo(ErrorCode.CONFLICTING_KAFKA_SETTING);
            assertThat(failure).hasMessageContaining("leave bootstrap.controllers out");
        }
    }
}
