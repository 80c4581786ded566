package dev.tidemark.internal.unit;

import dev.tidemark.FailureAction;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.plan.Reaction;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.transaction.UnitEnd;
import dev.tidemark.internal.store.transaction.UnitTerms;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Parks or skips the first record of a share, in a transaction of its own. Used by one worker, once. */
final class GiveUpUnit<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(GiveUpUnit.class);

    private final WorkerContext<K, V> context;
    private final ShareProgress<K, V> share;
    private final Reaction.GiveUp reaction;

    GiveUpUnit(WorkerContext<K, V> context, ShareProgress<K, V> share, Reaction.GiveUp reaction) {
        this.context = context;
        this.share = share;
        this.reaction = reaction;
    }

    /** Gives it up; if that is committed, the share has moved beyond it. */
    UnitOutcome run() {
        ConsumerRecord<byte[], byte[]> record = share.firstRaw();
        int attempts = share.attemptsAlone();
        // Its own is among those that were counted before.
        GivenUp count = new GivenUp(
                share.history().givenUp().inARow() + 1, context.history().unproven(share.partition()), record.offset());
        UnitOutcome outcome = context.transaction().run(List.of(share.claim()), UnitTerms.USUAL.lockTimed(true), tx -> {
            context.identities().confirm(Set.of(record.topic()));
            return end(record, attempts + 1, count);
        });
        if (outcome instanceof UnitOutcome.Committed committed) {
            share.history().givenUp(count);
            gaveUp(record, committed);
        }
        return outcome;
    }

    private UnitEnd end(ConsumerRecord<byte[], byte[]> record, int attempts, GivenUp count) {
        Throwable cause = Objects.requireNonNullElse(reaction.why().getCause(), reaction.why());
        return isParked()
                ? new UnitEnd.Park(
                        share.claim(), record, holdsKey(), reaction.why().code(), cause, attempts, count)
                : new UnitEnd.Skip(
                        share.claim(), record, String.valueOf(reaction.why().getMessage()), count);
    }

    private boolean isParked() {
        return reaction.how() instanceof FailureAction.Park || holdsKey();
    }

    private boolean holdsKey() {
        return reaction.how() instanceof FailureAction.ParkKey;
    }

    private void gaveUp(ConsumerRecord<byte[], byte[]> record, UnitOutcome.Committed committed) {
        byte[] key = record.key();
        if (holdsKey() && key != null) {
            share.history().hold(KeyHash.of(key));
        }
        committed.moves().values().forEach(share::moved);
        log(record.offset());
        context.reports()
                .gaveUp(
                        share.partition(),
                        record.offset(),
                        reaction.how(),
                        reaction.why().code());
    }

    /** The first in a row is logged as a warning; those after it are only counted. */
    private void log(long offset) {
        String words = LogContext.quotable(
                reaction.why(), String.valueOf(reaction.why().getMessage()));
        try (MDC.MDCCloseable unused = LogContext.about(share.partition())) {
            if (share.history().isFirstGivenUp()) {
                LOG.warn(
                        "gave up a record group={} partition={} offset={} code={} error=\"{}\"",
                        context.groupId(),
                        share.partition(),
                        offset,
                        reaction.why().code(),
                        words);
            } else {
                LOG.debug("gave up another record partition={} offset={}", share.partition(), offset);
            }
        }
    }
}
