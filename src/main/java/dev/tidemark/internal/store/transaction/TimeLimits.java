package dev.tidemark.internal.store.transaction;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.UnitSights;
import dev.tidemark.internal.store.connection.UnitSights.Doing;
import dev.tidemark.internal.store.connection.UnitSights.Idle;
import dev.tidemark.internal.thread.Host;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells a time limit that ended a wait for a lock from one that ended work. That such a wait has an error of its own would not show
 * it: a handler may set limits itself, in SQL that nobody else reads. Used by one worker.
 */
final class TimeLimits {
    private @Nullable Doing seen;

    /**
     * A time limit is the handler's failure only if somebody saw it at work then, or if it was silent itself for as long as it may.
     *
     * @param sessionContinues whether the session that told the failure still replies
     */
    UnitOutcome unlessWaiting(UnitOutcome outcome, UnitTerms terms, OpenUnit unit, BooleanSupplier sessionContinues) {
        seen = null;
        UnitSights sights = unit.sights();
        if (sights == null || !(outcome instanceof UnitOutcome.HandlerFailed failed) || !failed.isOfTimeLimit()) {
            return outcome;
        }
        if (failed.facts().is("25P03")) {
            if (sights.idle() != Idle.THE_CLIENTS && sessionContinues.getAsBoolean()) {
                // A function has raised it: the server's own ends the session.
                return outcome;
            }
            return switch (sights.idle()) {
                case NOT_THE_CLIENTS -> new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, failed.cause());
                case PERHAPS_THE_CLIENTS ->
                    new UnitOutcome.HandlerFailed(
                            failed.code(), failed.cause(), failed.facts().thatIsUnsure());
                case THE_CLIENTS -> outcome;
            };
        }
        long now = Host.nanoTime();
        boolean ofUnit =
                failed.code() == ErrorCode.DEADLINE_PASSED || failed.facts().is("25P04");
        Doing doing = ofUnit ? sights.inUnit(now) : sights.inStatement(now);
        seen = doing;
        return doing == Doing.WORKING || (doing == Doing.UNSEEN && terms.unseenCounts())
                ? outcome
                : new UnitOutcome.Transient(ErrorCode.UNIT_WAITS, failed.cause());
    }

    /** What was seen of the last unit, if a time limit ended it; null otherwise. */
    @Nullable
    Doing seen() {
        return seen;
    }
}
