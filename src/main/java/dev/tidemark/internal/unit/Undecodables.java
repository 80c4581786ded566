package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.internal.store.failure.SqlFailures;

/** How a unit ends whose record cannot be decoded. */
final class Undecodables {
    private Undecodables() {}

    static UnitOutcome outcome(UndecodableException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return new UnitOutcome.Undecodable(e.side(), cause, SqlFailures.decodingFacts(cause));
    }
}
