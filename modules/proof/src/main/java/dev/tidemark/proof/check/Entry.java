package dev.tidemark.proof.check;

import org.jspecify.annotations.Nullable;

/**
 * A record of the log, or what an effect says of the record that it was made from. What is not compared is null in both.
 *
 * @param offset of the record
 * @param key of the record, as text
 * @param sequence its place among the records of its key
 * @param amount what it adds to the sums
 */
public record Entry(
        long offset,
        @Nullable String key,
        @Nullable Long sequence,
        @Nullable Long amount) {
    /** Without its offset's neighbours: what a message shows of it, never the key. */
    String shown() {
        return sequence == null ? Long.toString(offset) : offset + " (sequence " + sequence + ")";
    }
}
