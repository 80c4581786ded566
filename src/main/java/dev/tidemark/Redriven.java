package dev.tidemark;

import java.util.Optional;

/**
 * What came of redriving a dead letter.
 *
 * @param id the dead letter
 * @param result whether its record took effect
 * @param error why it did not, without any data in the message; its cause may hold some. Empty where it did
 */
public record Redriven(long id, Result result, Optional<TidemarkException> error) {
    /** How it ended. */
    public enum Result {
        /** The record took effect, and the dead letter is gone. */
        APPLIED,
        /** The record failed again; the dead letter stays, with the new error. */
        FAILED,
        /** An earlier dead letter of the same key must come first; nothing was tried. */
        WAITS,
        /** The offset was moved back below the record, which is read again from the log; nothing was tried. */
        SUPERSEDED,
        /** There is no such dead letter, or somebody else is redriving it; nothing was tried. */
        GONE
    }
}
