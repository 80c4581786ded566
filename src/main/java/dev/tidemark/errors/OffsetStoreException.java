package dev.tidemark.errors;

import org.jspecify.annotations.Nullable;

/** The database or its schema cannot serve as the offset store in its current state (TM-2xx). Waiting does not fix it. */
public final class OffsetStoreException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    /** The message is printed after the code; a null cause means that Tidemark itself detected the problem. */
    public OffsetStoreException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
