package dev.tidemark.cli.running;

import dev.tidemark.TidemarkListener;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** Counts the records that a run has finished: those that took effect, and those that were given up. Thread-safe. */
public final class RunTally implements TidemarkListener, LongSupplier {
    private final LongAdder records = new LongAdder();

    @Override
    public void unitEnded(Unit unit) {
        if (unit.outcome() == Outcome.COMMITTED) {
            records.add(unit.size());
        }
    }

    @Override
    public void parked(RecordsGivenUp givenUp) {
        records.add(givenUp.records());
    }

    @Override
    public void skipped(RecordsGivenUp givenUp) {
        records.add(givenUp.records());
    }

    @Override
    public long getAsLong() {
        return records.sum();
    }
}
