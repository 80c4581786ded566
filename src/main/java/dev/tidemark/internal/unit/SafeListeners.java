package dev.tidemark.internal.unit;

import dev.tidemark.ConsumerView;
import dev.tidemark.TidemarkListener;
import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.thread.OwnThread;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All listeners as one that never throws: what they throw affects neither each other nor the caller. Thread-safe. */
public final class SafeListeners implements TidemarkListener {
    private static final Logger LOG = LoggerFactory.getLogger(SafeListeners.class);

    private final String groupId;
    private final List<TidemarkListener> listeners;
    private final Set<Class<?>> failed = ConcurrentHashMap.newKeySet();

    public SafeListeners(String groupId, List<TidemarkListener> listeners) {
        this.groupId = groupId;
        this.listeners = listeners;
    }

    /** Whether there are no listeners, so that no events need to be created. */
    boolean isEmpty() {
        return listeners.isEmpty();
    }

    private void notifyEach(Consumer<TidemarkListener> event) {
        for (TidemarkListener listener : listeners) {
            try {
                event.accept(listener);
            } catch (Throwable e) {
                Fatal.rethrow(e);
                if (failed.add(listener.getClass())) {
                    LOG.warn(
                            "a listener failed, what it throws is ignored from now on group={} listener={} cause={}",
                            groupId,
                            listener.getClass().getName(),
                            e.getClass().getSimpleName());
                }
            } finally {
                boolean unused = OwnThread.mayContinue();
            }
        }
    }

    @Override
    public void started(ConsumerView consumer, Supplier<Map<MetricName, ? extends Metric>> kafkaMetrics) {
        notifyEach(listener -> listener.started(consumer, kafkaMetrics));
    }

    @Override
    public void stopped(ConsumerView consumer) {
        notifyEach(listener -> listener.stopped(consumer));
    }

    @Override
    public void unitEnded(Unit unit) {
        notifyEach(listener -> listener.unitEnded(unit));
    }

    @Override
    public void retrying(Retry retry) {
        notifyEach(listener -> listener.retrying(retry));
    }

    @Override
    public void parked(RecordsGivenUp records) {
        notifyEach(listener -> listener.parked(records));
    }

    @Override
    public void skipped(RecordsGivenUp records) {
        notifyEach(listener -> listener.skipped(records));
    }

    @Override
    public void claimLost(ClaimLost lost) {
        notifyEach(listener -> listener.claimLost(lost));
    }

    @Override
    public void halted(Halt halt) {
        notifyEach(listener -> listener.halted(halt));
    }

    @Override
    public void claimed(Claimed claimed) {
        notifyEach(listener -> listener.claimed(claimed));
    }

    @Override
    public void rebalanced(Rebalance rebalance) {
        notifyEach(listener -> listener.rebalanced(rebalance));
    }
}
