package dev.tidemark;

/**
 * What to do when the stored offset is below the start of the log: the records between were deleted before they were read. The
 * other mismatches (beyond the end, truncated, another topic) always halt their partition, because to go on by itself could
 * apply records twice: a person moves the offset instead. More kinds may be added.
 */
public sealed interface GapPolicy {
    /** Halts the partition with TM-304, which names the lost range. The default. */
    static GapPolicy halt() {
        return new Halt();
    }

    /**
     * Goes on at the first record that Kafka still holds. The move, with the lost range, stands in {@code audit_log} in the same
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
