package dev.tidemark.internal.store.table;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.log.Secrets;
import dev.tidemark.internal.plan.Fatal;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** An error as it is written into a table: class, message and stack, in text that PostgreSQL can store. */
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
            String message = thrown.getMessage();
            return new ErrorText(
                    code.code(), name, message == null ? null : cut(Secrets.masked(start(message))), stack(thrown));
        } catch (Throwable e) {
            // An exception whose own methods throw must not prevent its record from being parked.
            Fatal.rethrow(e);
            return new ErrorText(code.code(), name, null, name);
        }
    }

    /** With what a failure in the database may be called without its message; empty if it was none. */
    public ErrorText withDatabaseError(String words) {
        return exception == null
                ? this
                : new ErrorText(code, ErrorClass.column(exception, storable(words)), message, stack);
    }

    private static String stack(Throwable thrown) {
        StringWriter stack = new StringWriter();
        try {
            thrown.printStackTrace(new PrintWriter(new Limited(stack)));
        } catch (FullException e) {
            return cut(Secrets.masked(stack.toString()));
        }
        return cut(Secrets.masked(stack.toString()));
    }

    /** The same error as this database can store it. */
    ErrorText in(DatabaseText database) {
        return new ErrorText(code, database.hold(exception), database.hold(message), database.hold(stack));
    }

    /** As {@link #storable}, and cut to the maximum length of an error. */
    static String cut(String text) {
        return storable(start(text));
    }

    private static String start(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) : text;
    }

    /** The text without what PostgreSQL rejects: zero characters, and halves of surrogate pairs. */
    static String storable(String text) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.replace('\u0000', '\ufffd'));
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    /** Accepts no more than is kept: the causes of an exception may be endless. */
    private static final class Limited extends FilterWriter {
        private int left = LONGEST;

        Limited(Writer out) {
            super(out);
        }

        @Override
        public void write(int character) throws IOException {
            write(new char[] {(char) character}, 0, 1);
        }

        @Override
        public void write(char[] characters, int from, int length) throws IOException {
            super.write(characters, from, Math.min(length, left));
            take(length);
        }

        @Override
        public void write(String text, int from, int length) throws IOException {
            super.write(text, from, Math.min(length, left));
            take(length);
        }

        private void take(int length) {
            if (length > left) {
                throw new FullException();
            }
            left -= length;
        }
    }

    /** Unchecked, since a PrintWriter swallows checked exceptions and continues. */
    private static final class FullException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
