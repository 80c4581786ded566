package dev.tidemark.internal.plan;

/** How a unit of work begins. */
public sealed interface UnitStart {
    /**
     * With a transaction of all its records.
     *
     * @param decodeNanos how long decoding them took
     */
    record Records(long decodeNanos) implements UnitStart {}

    /** With the outcome of its first record before any transaction: it cannot be decoded, or must not be tried. */
    record Ended(UnitOutcome outcome) implements UnitStart {}
}
