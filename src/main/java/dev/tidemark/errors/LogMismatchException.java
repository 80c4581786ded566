package dev.tidemark.errors;

import org.jspecify.annotations.Nullable;

/** The stored offsets and Kafka's log do not belong together (TM-3xx). Nothing was applied. */
public final class LogMismatchException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    /** The message is printed after the code; a null cause means that Tidemark itself detected the problem. */
    public LogMismatchException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
