package dev.tidemark.internal.plan;

/**
 * What the offset store knows about a partition's owner.
 *
 * @param claimed whether there is a claim
 * @param fresh whether it was made, or its owner has sampled the log, within the last minutes; a process that was killed holds its
 *     claim for ever
 * @param halted whether it has halted with an error
 */
public record Ownership(boolean claimed, boolean fresh, boolean halted) {
    /** A partition without a row. */
    public static final Ownership NONE = new Ownership(false, false, false);

    /** Whether a Tidemark consumer has the partition, or would have it but for an error that is reported elsewhere. */
    public boolean isOurs() {
        return claimed ? fresh : halted;
    }
}
