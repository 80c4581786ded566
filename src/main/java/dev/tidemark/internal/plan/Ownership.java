package dev.tidemark.internal.plan;

/**
 * What the offset store knows of a partition's owner.
 *
 * @param claimed whether somebody holds a claim
 * @param fresh whether that was made, or its owner has looked at the log, within the last minutes; a process that was killed holds
 *     its claim for ever
 * @param halted whether it stands still with an error
 */
public record Ownership(boolean claimed, boolean fresh, boolean halted) {
    /** A partition without a row. */
    public static final Ownership NONE = new Ownership(false, false, false);

    /** Whether a Tidemark consumer has the partition, or would have it but for an error that is told elsewhere. */
    public boolean isOurs() {
        return claimed ? fresh : halted;
    }
}
