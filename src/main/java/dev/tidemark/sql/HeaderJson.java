package dev.tidemark.sql;

import dev.tidemark.internal.store.table.DatabaseText;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** A record's headers as JSON that the database always accepts. */
final class HeaderJson {
    private HeaderJson() {}

    /** An object of strings; null if there are no headers. */
    static @Nullable String of(Headers headers, DatabaseText database) {
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
            text(json, key, database);
            json.append(':');
            if (value == null) {
                json.append("null");
            } else {
                text(json, value, database);
            }
        });
        return json.append('}').toString();
    }

    /**
     * RFC 8259, section 7; but zero, which jsonb cannot store, and halves of surrogate pairs become U+FFFD, and what the database's encoding
     * lacks becomes a question mark. Where that is not certain, the database reads the number of the character, and does so only in a job
     * that reads the headers.
     */
    private static void text(StringBuilder json, String text, DatabaseText database) {
        json.append('"');
        text.codePoints().map(HeaderJson::storable).forEach(c -> {
            if (c == '"' || c == '\\') {
                json.append('\\').append((char) c);
            } else if (c < ' ') {
                json.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else if (c < 0x80 || database.holdsAll()) {
                json.appendCodePoint(c);
            } else if (database.mayHold(c)) {
                Character.toString(c).chars().forEach(unit -> json.append(String.format(Locale.ROOT, "\\u%04x", unit)));
            } else {
                json.append('?');
            }
        });
        json.append('"');
    }

    private static int storable(int c) {
        return c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) ? '\ufffd' : c;
    }
}
