package dev.tidemark.errors;

import org.jspecify.annotations.Nullable;

/** A setting is missing, invalid, or contradicts another (TM-1xx). Thrown while building, or at the start of a run; nothing was read or written. */
public final class InvalidConfigurationException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    /** The message is printed after the code; a null cause means that Tidemark itself detected the problem. */
    public InvalidConfigurationException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
