package dev.tidemark;

import dev.tidemark.errors.TidemarkException;
import java.util.Optional;

/**
 * The result of redriving one dead letter. Components may be added.
 *
 * @param id the dead letter
 * @param status whether its record took effect
 * @param error why it did not, without data in the message, although its cause may contain some; empty unless the record failed
 */
public record RedriveResult(long id, Status status, Optional<TidemarkException> error) {
    /** How it ended. */
    public enum Status {
        /** The record took effect, and the dead letter is gone. */
        APPLIED,
        /**
         * The record failed again; the dead letter stays, with the new error. It stays as it was if the failure is transient (TM-404,
         * TM-405, TM-406, TM-408): then it can be tried again.
         */
        FAILED,
        /** An earlier dead letter of the same key must be redriven first; nothing was tried. */
        WAITS,
        /** The offset was moved back below the record, which is read again from the log; nothing was tried. */
        SUPERSEDED,
        /** There is no such dead letter, or another process is redriving it; nothing was tried. */
        GONE
    }
}
