package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.internal.store.table.DatabaseText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        JsonNode json = new ObjectMapper().readTree(HeaderJson.of(headers, DatabaseText.in("UTF8")));
        assertThat(json.size()).isEqualTo(5);
        assertThat(json.get("plain").asText()).isEqualTo("new");
        assertThat(json.get(odd).asText()).isEqualTo(odd);
        assertThat(json.get("nothing").isNull()).isTrue();
        assertThat(json.get("zero\ufffd").asText()).isEqualTo("a\ufffdb\ufffd");
        assertThat(json.get("half\ufffd").asText()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "UTF8, ä 漢 €",
        "SQL_ASCII, ä 漢 €",
        "LATIN1, \\u00e4 ? ?",
        "LATIN9, \\u00e4 ? \\u20ac",
        "EUC_JP, \\u00e4 \\u6f22 ?",
        "MULE_INTERNAL, \\u00e4 \\u6f22 \\u20ac"
    })
    void whatTheDatabaseCannotHoldIsReplaced(String encoding, String json) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("ä", "ä 漢 €".getBytes(StandardCharsets.UTF_8));
        assertThat(HeaderJson.of(headers, DatabaseText.in(encoding)))
                .endsWith(":\"" + json + "\"}")
                .startsWith("{\"" + json.substring(0, json.indexOf(' ')) + "\"");
    }

    @Test
    void noHeadersAreNothing() {
        assertThat(HeaderJson.of(new RecordHeaders(), DatabaseText.in("UTF8"))).isNull();
    }
}
