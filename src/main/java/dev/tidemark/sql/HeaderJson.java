package dev.tidemark.sql;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** A record's headers as JSON that PostgreSQL always accepts. Pure. */
final class HeaderJson {
    private HeaderJson() {}

    /** An object of strings; null if there are no headers. */
    static @Nullable String of(Headers headers) {
        Map<String, @Nullable String> last = new LinkedHashMap<>();
        for (Header header : headers) {
            byte[] value = header.value();
            last.put(header.key(), value == null ? null : new String(value, StandardCharsets.UTF_8));
        }
        if (last.isEmpty()) {
            return null;
        }
        StringBuilder json = new StringBuilder("{");
        last.forEach((key, value) -> {
            json.append(json.length() == 1 ? "" : ",");
            text(json, key);
            json.append(':');
            if (value == null) {
                json.append("null");
            } else {
                text(json, value);
            }
        });
        return json.append('}').toString();
    }

    /** RFC 8259, section 7; but zero, which jsonb cannot store, and halves of surrogate pairs become U+FFFD. */
    private static void text(StringBuilder json, String text) {
        json.append('"');
        text.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                json.append('\\').append((char) c);
            } else if (c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
                json.append('\ufffd');
            } else if (c < ' ') {
                json.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                json.appendCodePoint(c);
            }
        });
        json.append('"');
    }
}
