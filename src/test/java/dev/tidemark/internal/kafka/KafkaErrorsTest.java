package dev.tidemark.internal.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every error that Kafka knows has a code and a way out; what Kafka's client says of a setting is repeated, secrets aside. */
class KafkaErrorsTest {
    private static final String SECRET = "hunter2";

    @TempDir
    private Path directory;

    static Stream<Errors> ofBrokers() {
        return Arrays.stream(Errors.values()).filter(error -> error.exception() != null);
    }

    @ParameterizedTest
    @MethodSource("ofBrokers")
    void whatABrokerRefusesHasACode(Errors error) {
        ApiException failure = error.exception();
        Optional<TidemarkException> refusal = KafkaErrors.refusal("etl", failure);
        if (failure instanceof RetriableException && !(failure instanceof UnknownTopicOrPartitionException)) {
            assertThat(refusal).as("is waited for").isEmpty();
            return;
        }
        assertThat(refusal.map(TidemarkException::code)).get().isIn(ErrorCode.KAFKA_REFUSES, ErrorCode.TOPIC_MISSING);
        assertThat(refusal.orElseThrow().getMessage()).hasLineCount(1).contains("etl", ": ");
    }

    /** Settings that Kafka reads only when it creates a client, and part of the message. */
    private Map<Map<String, Object>, String> refusedAtCreation() throws Exception {
        String junk = Files.writeString(directory.resolve("junk"), "junk").toString();
        Map<Map<String, Object>, String> all = new HashMap<>();
        all.put(Map.of("bootstrap.servers", "localhost"), "is not a list of host:port");
        all.put(Map.of("bootstrap.servers", "localhost:port"), "is not a list of host:port");
        all.put(Map.of("bootstrap.servers", "me:" + SECRET + "@localhost"), "bootstrap.servers");
        all.put(
                Map.of("default.api.timeout.ms", 1_000, "request.timeout.ms", 5_000),
                "default.api.timeout.ms must be no smaller than the value of request.timeout.ms");
        all.put(Map.of("metric.reporters", "com.acme.Reporter"), "class com.acme.Reporter is not on the class path");
        all.put(
                Map.of(
                        "security.protocol", "SASL_PLAINTEXT",
                        "sasl.mechanism", "PLAIN",
                        "sasl.jaas.config", "com.acme.iam.LoginModule required password=\"" + SECRET + "\";"),
                "login module com.acme.iam.LoginModule of sasl.jaas.config is not on the class path: add its jar");
        all.put(tls("ssl.truststore.location", "/no/such.jks", "ssl.truststore.password", SECRET), "/no/such.jks");
        all.put(tls("ssl.truststore.location", junk, "ssl.truststore.password", SECRET), junk);
        all.put(tls("ssl.truststore.location", junk, "ssl.truststore.type", "PEM"), "No matching CERTIFICATE");
        all.put(tls("ssl.truststore.location", junk, "ssl.truststore.type", "FOO"), "FOO");
        all.put(tls("ssl.keystore.location", junk, "ssl.key.password", SECRET), "password is not specified");
        all.put(tls("ssl.keystore.type", "PEM", "ssl.keystore.key", SECRET), "certificate");
        all.put(tls("ssl.protocol", "TLSv9", "ssl.key.password", SECRET), "TLSv9");
        all.put(tls("ssl.provider", "Foo", "ssl.key.password", SECRET), "Foo");
        return all;
    }

    private static Map<String, Object> tls(String name, String value, String other, String otherValue) {
        return Map.of("security.protocol", "SSL", name, value, other, otherValue);
    }

    @Test
    void aSettingThatNoClientCanBeCreatedFromIsNamed() throws Exception {
        refusedAtCreation().forEach((settings, part) -> {
            Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", "localhost:9", "group.id", "etl"));
            all.putAll(settings);
            List<RuntimeException> failures = Stream.<Runnable>of(
                            () -> new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer())
                                    .close(),
                            () -> Admin.create(all).close())
                    .flatMap(creation -> failureOf(creation).stream())
                    .toList();
            // Only the Admin compares its two time limits.
            assertThat(failures).as(settings.keySet().toString()).isNotEmpty();
            for (RuntimeException failure : failures) {
                assertThat(KafkaErrors.notMade("etl", failure).getMessage())
                        .as(settings.keySet().toString())
                        .startsWith("TM-103")
                        .contains(part)
                        .doesNotContain(SECRET, "the cause")
                        .hasLineCount(1);
            }
        });
    }

    private static Optional<RuntimeException> failureOf(Runnable creation) {
        try {
            creation.run();
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of(e);
        }
    }

    /** A plug-in may quote its own settings, such as a token. */
    @Test
    void whatAPlugInSaysIsNotRepeated() {
        for (RuntimeException ofPlugIn : List.of(
                new ConfigException("bad token " + SECRET),
                new KafkaException("bad token " + SECRET),
                new IllegalStateException("bad token " + SECRET))) {
            Throwable failure = new KafkaException("Failed to construct kafka consumer", ofPlugIn);
            assertThat(KafkaErrors.notMade("etl", failure).getMessage())
                    .startsWith("TM-103")
                    .doesNotContain(SECRET);
        }
    }

    /** An interceptor or an assignor may throw anything. */
    @Test
    @Timeout(30)
    void causesThatNeverEndAreFollowedToAnEnd() {
        RuntimeException one = new RuntimeException("one");
        one.initCause(new RuntimeException("two", one));
        for (RuntimeException odd : List.of(one, new Endless(), new Throwing())) {
            assertThat(KafkaErrors.outage(odd)).isEmpty();
            assertThat(KafkaErrors.isInstanceHeld(odd)).isFalse();
            assertThat(KafkaErrors.notMade("etl", odd)).hasMessageStartingWith("TM-103");
        }
    }

    private static final class Endless extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public synchronized Throwable getCause() {
            return new Endless();
        }
    }

    private static final class Throwing extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public synchronized Throwable getCause() {
            throw new IllegalStateException("no cause");
        }
    }
}
