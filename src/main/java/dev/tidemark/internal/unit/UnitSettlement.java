package dev.tidemark.internal.unit;

import dev.tidemark.TidemarkListener.RetryCause;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Ends the shares of a unit, settles them with the queues, and reports the results. Used by one worker, once. */
final class UnitSettlement<K, V> {
    private final WorkerContext<K, V> context;
    private final UnitShares<K, V> shares;

    /** What is reported once the shares are settled. */
    private final List<Runnable> reports = new ArrayList<>();

    UnitSettlement(WorkerContext<K, V> context, UnitShares<K, V> shares) {
        this.context = context;
        this.shares = shares;
    }

    /** Claims are lost. */
    void lost(Attempt<K, V> attempt, Reaction.Reclaim reaction) {
        List<ShareProgress<K, V>> lost = attempt.shares().stream()
                .filter(share -> reaction.partitions().contains(share.partition()))
                .toList();
        lost.forEach(ShareProgress::close);
        reports.add(() -> context.events().lost(UnitShares.claims(lost), reaction.why()));
    }

    /** Partitions halt. */
    void halted(Attempt<K, V> attempt, Reaction.Halt reaction) {
        List<ShareProgress<K, V>> halted = attempt.shares().stream()
                .filter(share -> reaction.concerns(share.partition().topic()))
                .toList();
        halted.forEach(ShareProgress::close);
        reports.add(() -> context.events().halted(UnitShares.claims(halted), reaction.why()));
    }

    /** The consumer stops. */
    void stopped(Reaction.Stop reaction) {
        shares.close();
        reports.add(() -> context.events().failed(reaction.why()));
    }

    /** Reports that these are retried; before they are settled, so that their recovery cannot be reported first. */
    void retrying(List<Claim> claims, RetryCause cause, TidemarkException why, Duration delay) {
        context.events().retrying(claims, why);
        context.reports().retrying(claims, cause, why.code(), delay);
    }

    /** Ends the unit. */
    void settle() {
        shares.all().forEach(context.suspected()::end);
        List<Claim> recovered = shares.recovered();
        context.units()
                .settle(shares.inTurn().stream().map(ShareProgress::settlement).toList());
        if (!recovered.isEmpty()) {
            context.events().recovered(recovered);
        }
        reports.forEach(Runnable::run);
    }
}
