package dev.tidemark.internal.plan;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.FencedException;
import dev.tidemark.offsets.Claim;
import java.util.Optional;

/** Determines why a claim was lost, from what the next claim of the same consumer found. */
public final class FenceDiagnosis {
    private FenceDiagnosis() {}

    /** Whether nothing was lost, nor is read again or passed over: a manual move that led to where the partition was. */
    public static boolean isHarmless(FencedException why, Claim lost, ClaimedPartition found) {
        return why.code() == ErrorCode.OFFSET_MOVED
                && lost.position().nextOffset() == found.claim().position().nextOffset();
    }

    /** The reason in the order of the codes; empty if the claim was not lost but given up, after a commit whose outcome was unknown. */
    public static Optional<FencedException> of(String groupId, Claim lost, ClaimedPartition found) {
        ClaimedPartition.Before before = found.before();
        long offset = lost.position().nextOffset();
        long now = found.claim().position().nextOffset();
        boolean sameToken = lost.token().equals(before.token());
        if (before.ownerEpoch() < lost.ownerEpoch() || (sameToken && now < offset)) {
            return Optional.of(new FencedException(
                    ErrorCode.OFFSET_RESTORED,
                    groupId,
                    lost.partition(),
                    "went back with the database from " + offset + " to " + now
                            + ", as after a restore: what the database lost is read again"));
        }
        if (sameToken) {
            return Optional.empty();
        }
        boolean unowned = before.token() == null;
        boolean released = before.progressEpoch() == before.ownerEpoch();
        if (unowned && !released) {
            return Optional.of(new FencedException(
                    ErrorCode.OFFSET_MOVED,
                    groupId,
                    lost.partition(),
                    now == offset
                            ? "was moved manually, to where it was, " + now + ": claimed again"
                            : "was moved manually, from " + offset + " or later to " + now + ": following it"));
        }
        return Optional.of(new FencedException(
                ErrorCode.FENCED,
                groupId,
                lost.partition(),
                "was claimed by " + (before.owner() == null ? "another consumer" : before.owner())
                        + " in the meantime, and now again by this one, at " + now));
    }
}
