package dev.tidemark.doctor;

/** The result of a check. */
public enum Verdict {
    /** As it should be. */
    OK,
    /** It works, but may cause problems later. */
    WARN,
    /** It does not work, or will not for long. */
    FAIL,
    /** It could not be checked. */
    SKIPPED
}
