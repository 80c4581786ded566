package dev.tidemark.errors;

/**
 * What is wrong, for people and for alarms.
 *
 * @param code which error this is; stable across versions
 * @param message what it is about and the way out, without the code, a record's key or value, or a secret
 */
public record Problem(ErrorCode code, String message) {
    /** The message behind its code, as it is logged. */
    @Override
    public String toString() {
        return code.code() + ": " + message;
    }
}
