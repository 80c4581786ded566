package dev.tidemark.errors;

import org.jspecify.annotations.Nullable;

/** A setting is missing, invalid, or contradicts another (TM-1xx). Thrown while building, or at the start of a run; nothing was read or written. */
public final class InvalidConfigurationException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    /** The message is printed after the code; a null cause means that Tidemark itself detected the problem. */
    public InvalidConfigurationException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }

    /**
     * Returns a value that may come from a caller without null checks.
     *
     * @param method what it was given to, for the message
     * @throws InvalidConfigurationException if it is null (TM-103)
     */
    public static <T> T requireGiven(String method, @Nullable T value) {
        if (value == null) {
            throw new InvalidConfigurationException(ErrorCode.INVALID_SETTING, method + "(...) was given null", null);
        }
        return value;
    }
}
