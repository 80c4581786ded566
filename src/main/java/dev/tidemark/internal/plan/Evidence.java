package dev.tidemark.internal.plan;

import dev.tidemark.FailureAction;
import org.jspecify.annotations.Nullable;

/**
 * What is known beside the failure itself about a record that failed by itself. Evidence is of one time: the record failed, another
 * record succeeded after that, and the record failed again in the same way. Without the last step, trouble that begins between two
 * records would look like a bad record.
 *
 * @param proof which other records have succeeded between two failures alike of this one
 * @param neighbours how other records that were tried since failed; null where none was tried yet
 * @param alikeInARow how many records in a row were given up for a failure alike without a success between
 * @param decided what the failure policy has already said about this attempt; null if it was not asked yet
 */
public record Evidence(
        Proof proof,
        @Nullable Neighbours neighbours,
        int alikeInARow,
        @Nullable FailureAction decided) {
    /** Which other records have succeeded meanwhile. */
    public enum Proof {
        /** None that is known of. */
        NONE,
        /** Of other partitions only: what they need may be another thing than this record does. */
        OTHERS,
        /** One of the record's own partition. */
        OWN
    }

    /**
     * How other records failed, those of the record's own partition or else of others, in transactions that were rolled back.
     *
     * @param alike how many failed as the record did
     * @param unlike how many failed in another way
     */
    public record Neighbours(int alike, int unlike) {
        /** Whether all failed as the record did, and at least so many. */
        boolean areAlike(int atLeast) {
            return unlike == 0 && alike >= atLeast;
        }
    }

    /** Nothing is known yet. */
    public static Evidence none() {
        return new Evidence(Proof.NONE, null, 0, null);
    }
}
