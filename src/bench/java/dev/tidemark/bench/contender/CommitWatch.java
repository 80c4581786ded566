package dev.tidemark.bench.contender;

import dev.tidemark.TidemarkListener;
import dev.tidemark.bench.kit.Meter;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Is called when a worker has committed, and reports to the meter what it had handled until then. */
final class CommitWatch implements TidemarkListener {
    /** What a worker's open transaction holds. */
    private static final class Open {
        private int records;
        private final List<Long> sent = new ArrayList<>();

        private void clear() {
            records = 0;
            sent.clear();
        }
    }

    private final Meter meter;
    private final boolean latency;
    private final ThreadLocal<Open> open = ThreadLocal.withInitial(Open::new);

    CommitWatch(Meter meter, boolean latency) {
        this.meter = meter;
        this.latency = latency;
    }

    void handled(ConsumerRecord<?, ?> record) {
        Open unit = open.get();
        unit.records++;
        if (latency) {
            unit.sent.add(Meter.sent(record.headers()));
        }
    }

    void handled(List<? extends ConsumerRecord<?, ?>> records) {
        if (latency) {
            records.forEach(this::handled);
        } else {
            open.get().records += records.size();
        }
    }

    @Override
    public void unitEnded(Unit ended) {
        Open unit = open.get();
        if (ended.outcome() == Outcome.COMMITTED && unit.records > 0) {
            meter.committed(unit.records);
            unit.sent.forEach(meter::arrived);
        }
        unit.clear();
    }
}
