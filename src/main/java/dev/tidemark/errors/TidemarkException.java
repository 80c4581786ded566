package dev.tidemark.errors;

import org.jspecify.annotations.Nullable;

/**
 * The base class of everything that Tidemark throws. The message names the object, the value and the fix; it never contains a record's
 * key or value, nor a secret. The cause may: it is the driver's or the handler's own exception.
 */
public class TidemarkException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String withoutCode;

    /** The message is printed after the code. */
    public TidemarkException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code.code() + ": " + message, cause);
        this.code = code;
        this.withoutCode = message;
    }

    /** Which error this is; stable across versions. */
    public ErrorCode code() {
        return code;
    }

    /** The code and the message as one value. */
    public Problem problem() {
        return new Problem(code, withoutCode);
    }
}
