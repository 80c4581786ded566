package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.queue.UnitSource;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.offsets.Claim;
import org.jspecify.annotations.Nullable;

/** Counts in the database which processes try a record that may have killed others, and which survive it. Used by one worker. */
public final class SuspectedRecords {
    private final CountedAttempts counted;
    private final PartitionNotes notes;
    private final UnitSource units;
    private final WorkerEvents events;

    /**
     * @param counted shared by all workers of a consumer
     */
    public SuspectedRecords(CountedAttempts counted, PartitionNotes notes, UnitSource units, WorkerEvents events) {
        this.counted = counted;
        this.notes = notes;
        this.units = units;
        this.events = events;
    }

    /** Counts that this process begins to try a record; returns how its unit ends if it may not be tried, null if it may. */
    @Nullable
    UnitOutcome begin(Claim claim, long offset) {
        if (!counted.begin(claim.partition(), offset)) {
            return null;
        }
        UnitOutcome outcome = notes.countAttempt(claim, offset);
        if (outcome instanceof UnitOutcome.Committed) {
            return null;
        }
        if (!(outcome instanceof UnitOutcome.CommitUnknown)) {
            counted.forget(claim.partition(), offset);
        }
        return outcome;
    }

    /** Whatever happened to a suspected record, this process survived; once the position is beyond it, the count is irrelevant. */
    void end(ShareProgress<?, ?> share) {
        if (share.taken().isSuspected() && !share.taken().records().isEmpty() && !share.hasMoved()) {
            long offset = share.next().offset();
            if (counted.isBegun(share.partition(), offset)
                    && (notes.survived(share.claim(), offset) || handOver(share, offset))) {
                counted.forget(share.partition(), offset);
            }
        }
    }

    /** If the record will not be tried again here, no later unit would record that. */
    private boolean handOver(ShareProgress<?, ?> share, long offset) {
        boolean leaving = share.isClosing() || units.isClosed(share.taken());
        if (leaving) {
            events.survived(share.claim(), offset);
        }
        return leaving;
    }
}
