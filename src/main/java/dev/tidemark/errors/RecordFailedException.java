package dev.tidemark.errors;

import org.jspecify.annotations.Nullable;

/** A record could not be applied (TM-5xx). It and everything after it in its partition are still to be read. */
public final class RecordFailedException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    /** The message is printed after the code; a null cause means that Tidemark itself detected the problem. */
    public RecordFailedException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
