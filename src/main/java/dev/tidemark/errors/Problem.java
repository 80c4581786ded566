package dev.tidemark.errors;

/**
 * What is wrong, for people and for alerts.
 *
 * @param code which error this is; stable across versions
 * @param message what it is about and how to resolve it, without the code, a record's key or value, or a secret
 */
public record Problem(ErrorCode code, String message) {
    /** The code, then the message, as logged. */
    @Override
    public String toString() {
        return code.code() + ": " + message;
    }
}
