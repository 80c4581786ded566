package dev.tidemark.internal.plan;

import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.nio.ByteBuffer;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A claim and what else the database knows about the partition.
 *
 * @param claim the claim just made
 * @param before the row as the claim found it
 * @param openAttempt the offset of a record that a process began to try by itself and never finished; empty if there is none
 * @param heldKeys hashes of the keys whose records have to follow a parked one
 * @param givenUp how many of its records were given up before
 */
public record ClaimedPartition(
        Claim claim, Before before, OptionalLong openAttempt, Set<ByteBuffer> heldKeys, GivenUp givenUp) {
    /** A record is suspected after this many claims without progress. */
    private static final int WITHOUT_PROGRESS = 3;

    /**
     * The row as it was.
     *
     * @param token of the owner; null if the partition had no owner
     * @param owner the owner's name; null if the partition had no owner
     * @param ownerEpoch counts claims and fences
     * @param progressEpoch the owner epoch of the last progress
     */
    public record Before(@Nullable UUID token, @Nullable String owner, long ownerEpoch, long progressEpoch) {}

    /** Whether the position has a leader epoch that this log, whose current one is given, has never had. */
    public boolean isAheadOf(int logEpoch) {
        OptionalInt epoch = claim.position().leaderEpoch();
        return epoch.isPresent() && epoch.getAsInt() > logEpoch;
    }

    /** The same at the same offset, without a leader epoch. */
    public ClaimedPartition withoutEpoch() {
        Claim same = claim.at(Position.of(claim.position().nextOffset()));
        return new ClaimedPartition(same, before, openAttempt, heldKeys, givenUp);
    }

    /**
     * How many records of a partition were given up, as it is stored with the partition's offset: whoever owns it next goes on counting.
     *
     * @param inARow how many were parked or skipped since a record took effect
     * @param unproven how many were, with nothing but their failure to show that it was theirs, since a success that counts
     * @param last the offset of the last one; -1 if there is none
     */
    public record GivenUp(int inARow, int unproven, long last) {
        /** No record was given up. */
        public static final GivenUp NONE = new GivenUp(0, 0, -1);

        /**
         * The count after records took effect.
         *
         * @param counts whether that is evidence about records that fail
         */
        public GivenUp afterSuccess(boolean counts) {
            return counts || unproven == 0 ? NONE : new GivenUp(0, unproven, last);
        }

        /** How many offsets there are between the last of them and the one to read next. */
        public long since(long nextOffset) {
            return nextOffset - last - 1;
        }
    }

    /** Whether a record may kill the processes that handle it; an idle partition can look the same. */
    public boolean isSuspect() {
        // Between the position and the record there may be offsets without one.
        boolean open = openAttempt.isPresent()
                && openAttempt.getAsLong() >= claim.position().nextOffset();
        return open || before.ownerEpoch() - before.progressEpoch() >= WITHOUT_PROGRESS;
    }
}
