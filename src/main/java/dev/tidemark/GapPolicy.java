package dev.tidemark;

/**
 * What to do when the stored offset is below the start of the log: the records in between were deleted before they were read. The
 * other mismatches (beyond the end, truncated, another topic) always halt their partition, because continuing automatically could
 * apply records twice: an operator moves the offset instead. More kinds may be added.
 */
public sealed interface GapPolicy {
    /** Halts the partition with TM-304, which names the lost range. The default. */
    static GapPolicy halt() {
        return new Halt();
    }

    /**
     * Continues at the first record that Kafka still holds. The move, with the lost range, is recorded in {@code audit_log} in the same
     * transaction.
     */
    static GapPolicy resumeAtEarliest() {
        return new ResumeAtEarliest();
    }

    /** See {@link GapPolicy#halt()}. */
    record Halt() implements GapPolicy {}

    /** See {@link GapPolicy#resumeAtEarliest()}. */
    record ResumeAtEarliest() implements GapPolicy {}
}
