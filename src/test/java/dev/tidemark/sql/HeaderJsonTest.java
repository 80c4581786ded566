package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

/** Headers become JSON, whatever they hold. */
class HeaderJsonTest {
    @Test
    void everyHeaderCanBeRead() throws IOException {
        RecordHeaders headers = new RecordHeaders();
        String odd = "\"quoted\\\" \n\t\u0001 \u00e9 \ud83d\ude00";
        headers.add("plain", "old".getBytes(StandardCharsets.UTF_8));
        headers.add(odd, odd.getBytes(StandardCharsets.UTF_8));
        headers.add("nothing", null);
        headers.add("zero\u0000", new byte[] {'a', 0, 'b', (byte) 0xff});
        headers.add("half\ud83d", new byte[0]);
        headers.add("plain", "new".getBytes(StandardCharsets.UTF_8));
        JsonNode json = new ObjectMapper().readTree(HeaderJson.of(headers));
        assertThat(json.size()).isEqualTo(5);
        assertThat(json.get("plain").asText()).isEqualTo("new");
        assertThat(json.get(odd).asText()).isEqualTo(odd);
        assertThat(json.get("nothing").isNull()).isTrue();
        assertThat(json.get("zero\ufffd").asText()).isEqualTo("a\ufffdb\ufffd");
        assertThat(json.get("half\ufffd").asText()).isEmpty();
    }

    @Test
    void noHeadersAreNothing() {
        assertThat(HeaderJson.of(new RecordHeaders())).isNull();
    }
}
