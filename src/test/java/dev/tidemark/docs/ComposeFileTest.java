package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the compose file starts has a password that everybody knows: nobody but this machine reaches it. */
class ComposeFileTest {
    /** Address, port of the host, port of the container. */
    private static final Pattern PORT =
            Pattern.compile("(?:(\\[[^]]+]|[\\d.]+):)?(\\$\\{\\w+:-\\d+}|[\\d-]+):(\\d+)(?:/\\w+)?");

    private static final Pattern VARIABLE = Pattern.compile("\\$\\{\\w+:-\\d+}");

    /** A tag that begins with a version, or a digest. */
    private static final Pattern PINNED = Pattern.compile("[^:@]+(?::v?\\d[\\w.-]*|:[\\w.-]+@sha256:\\w{64})");

    private static JsonNode file() throws IOException {
        return new YAMLMapper().readTree(Path.of("docker-compose.yml").toFile());
    }

    /** Why a service is not as it should be; none if it is. */
    private static List<String> defects(JsonNode service) {
        List<String> defects = new ArrayList<>();
        for (JsonNode port : service.path("ports")) {
            String address = port.path("host_ip").asText("");
            String published = port.path("published").asText("");
            if (port.isValueNode()) {
                Matcher parts = PORT.matcher(port.asText());
                boolean known = parts.matches();
                address = known && parts.group(1) != null ? parts.group(1) : "";
                published = known ? parts.group(2) : "";
            }
            if (!address.equals("127.0.0.1") && !address.equals("[::1]") && !address.equals("::1")) {
                defects.add("port " + port + " is reachable from other machines");
            }
            if (!VARIABLE.matcher(published).matches()) {
                defects.add("port " + port + " is no variable with a default");
            }
        }
        if (service.path("network_mode").asText().equals("host")) {
            defects.add("it listens on the host's own network");
        }
        if (!PINNED.matcher(service.path("image").asText()).matches()) {
            defects.add("its image has no version");
        }
        for (String name : List.of("POSTGRES_USER", "POSTGRES_DB")) {
            if (service.path("environment").path(name).asText().equals("tidemark")) {
                defects.add(name + " is the schema's name: unqualified CREATE statements would land in the schema");
            }
        }
        return defects;
    }

    @Test
    void theFile() throws IOException {
        JsonNode services = file().path("services");
        assertThat(services.size()).isEqualTo(2);
        for (Map.Entry<String, JsonNode> service : services.properties()) {
            assertThat(defects(service.getValue())).as(service.getKey()).isEmpty();
            assertThat(service.getValue().path("ports")).as(service.getKey()).isNotEmpty();
        }
        JsonNode environment = services.path("postgres").path("environment");
        assertThat(environment.path("POSTGRES_USER").asText()).isNotBlank();
    }

    /** What the broker tells its clients to connect to is the port that is published. */
    @Test
    void kafkaAdvertisesTheVariable() throws IOException {
        JsonNode kafka = file().path("services").path("kafka");
        Matcher port = PORT.matcher(kafka.path("ports").get(0).asText());
        assertThat(port.matches()).isTrue();
        assertThat(kafka.path("environment").path("KAFKA_ADVERTISED_LISTENERS").asText())
                .endsWith("//localhost:" + port.group(2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{image: 'postgres:17', ports: ['5432:5432']}",
                "{image: 'postgres:17', ports: ['0.0.0.0:${P:-5432}:5432']}",
                "{image: 'postgres:17', ports: ['${P:-5432}:5432']}",
                "{image: 'postgres:17', ports: ['127.0.0.1:5432:5432']}",
                "{image: 'postgres:17', ports: [{target: 5432, published: 5433, host_ip: \"::1\"}]}",
                "{image: 'postgres:17', ports: [{target: 5432, published: '${P:-5432}'}]}",
                "{image: 'postgres:17', ports: [{target: 5432, published: 5432, host_ip: 127.0.0.1}]}",
                "{image: 'postgres:17', network_mode: host}",
                "{image: 'postgres'}",
                "{image: 'postgres:latest'}",
                "{image: 'postgres:17', environment: {POSTGRES_USER: tidemark}}",
                "{image: 'postgres:17', environment: {POSTGRES_DB: tidemark}}"
            })
    void whatWouldBeFound(String service) throws IOException {
        assertThat(defects(new YAMLMapper().readTree(service))).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{image: 'apache/kafka:4.4.0', ports: ['127.0.0.1:${P:-9092}:9092', '[::1]:${P:-9092}:9092']}",
                "{image: 'postgres:17', ports: [{target: 5432, published: '${P:-5432}', host_ip: 127.0.0.1}]}"
            })
    void whatIsFine(String service) throws IOException {
        assertThat(defects(new YAMLMapper().readTree(service))).isEmpty();
    }
}
