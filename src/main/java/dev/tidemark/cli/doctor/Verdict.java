package dev.tidemark.cli.doctor;

/** How it stands with one thing. */
public enum Verdict {
    /** As it should be. */
    OK,
    /** It works, and may surprise somebody some day. */
    WARN,
    /** It does not work, or will not for long. */
    FAIL,
    /** Nobody could look. */
    SKIPPED
}
