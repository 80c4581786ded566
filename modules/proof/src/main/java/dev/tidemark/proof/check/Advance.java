package dev.tidemark.proof.check;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One change of a stored offset, as the audit trigger saw it.
 *
 * @param partition whose offset
 * @param incarnation which topic of that name
 * @param previous the offset before
 * @param next the offset after
 * @param token the owner's; null if a person moved the offset
 * @param epoch counts claims
 * @param owner who made the claim
 * @param at the server's clock, for pictures and takeover times only
 */
public record Advance(
        int partition,
        int incarnation,
        long previous,
        long next,
        @Nullable String token,
        long epoch,
        @Nullable String owner,
        Instant at) {
    /** The same in another topic of that name. */
    public Advance in(int another) {
        return new Advance(partition, another, previous, next, token, epoch, owner, at);
    }

    /** Whether a person made it. */
    public boolean isMove() {
        return token == null;
    }
}
