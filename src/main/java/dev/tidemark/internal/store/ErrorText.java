package dev.tidemark.internal.store;

import dev.tidemark.ErrorCode;
import dev.tidemark.internal.plan.Fatal;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** An error as it is written into a table: class, message and stack, in text that PostgreSQL can hold. */
public record ErrorText(
        @Nullable String code,
        @Nullable String exception,
        @Nullable String message,
        @Nullable String stack) {
    /** No error. */
    static final ErrorText NONE = new ErrorText(null, null, null, null);

    private static final int LONGEST = 64 << 10;

    /** What was thrown, under this code. */
    public static ErrorText of(ErrorCode code, Throwable thrown) {
        String name = thrown.getClass().getName();
        try {
            StringWriter stack = new StringWriter();
            thrown.printStackTrace(new PrintWriter(stack));
            String message = thrown.getMessage();
            return new ErrorText(
                    code.code(), name, message == null ? null : storable(message), storable(stack.toString()));
        } catch (Throwable e) {
            // An exception whose own methods throw must not keep its record from being parked.
            Fatal.rethrow(e);
            return new ErrorText(code.code(), name, null, name);
        }
    }

    /** The text without what PostgreSQL refuses: zero characters, and halves of surrogate pairs. */
    static String storable(String text) {
        String cut = text.length() > LONGEST ? text.substring(0, LONGEST) : text;
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(cut.replace('\u0000', '\ufffd'));
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }
}
