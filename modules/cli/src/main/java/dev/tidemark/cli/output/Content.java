package dev.tidemark.cli.output;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a record in readable form: text if they are text, otherwise Base64 or hexadecimal.
 *
 * @param encoding {@code text}, {@code base64} or {@code hex}; null if there are no bytes
 */
public record Content(@Nullable String text, @Nullable String encoding) {
    private static final Content NONE = new Content(null, null);

    /** Bytes with terminal control characters do not count as text. */
    public static Content of(byte @Nullable [] bytes, boolean hex) {
        if (bytes == null) {
            return NONE;
        }
        if (hex) {
            return new Content(HexFormat.of().formatHex(bytes), "hex");
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            if (text.codePoints().noneMatch(Content::isControl)) {
                return new Content(text, "text");
            }
        } catch (CharacterCodingException e) {
            // Not text.
        }
        return new Content(Base64.getEncoder().encodeToString(bytes), "base64");
    }

    private static boolean isControl(int c) {
        boolean harmless = c == '\n' || c == '\r' || c == '\t';
        return (Character.isISOControl(c) && !harmless) || Character.getType(c) == Character.FORMAT;
    }

    /** For people; may have more than one line. */
    public String words() {
        return text == null ? "-" : "text".equals(encoding) ? text : "(" + encoding + ") " + text;
    }
}
