package dev.tidemark.internal.control;

import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.UnitSights;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.lock.UnitLooks;
import dev.tidemark.internal.store.lock.UnitLooks.UnitLook;
import dev.tidemark.internal.thread.Host;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Looks at units that a time limit has ended before, and may end again, at short intervals: whether that was a wait for a lock can be
 * seen only while it lasts. The looks are made on the control thread.
 */
final class CloseLook {
    private static final String TASK = "look closely";

    /** Each look may miss this part of a statement's time at its end, so that statements of any length are seen. */
    private static final int PART = 8;

    private static final Duration SOONEST = Duration.ofMillis(1);

    /** The next statement may be a short one, and what it does at its end decides. */
    private static final Duration LATEST = Duration.ofMillis(5);

    private final ControlTasks tasks;
    private final ControlConnection connection;
    private final List<WorkerSession> sessions;
    private final AtomicBoolean looking = new AtomicBoolean();

    /** When to look again; used by the control thread. */
    private Duration next = LATEST;

    CloseLook(ControlTasks tasks, ControlConnection connection, List<WorkerSession> sessions) {
        this.tasks = tasks;
        this.connection = connection;
        this.sessions = sessions;
    }

    /** There is a unit to look at. Any thread may call. */
    void begin() {
        if (looking.compareAndSet(false, true)) {
            tasks.later(this::look, Duration.ZERO);
        }
    }

    private void look() {
        Duration failed = tasks.guarded(TASK, this::lookOnce);
        if (!observed().isEmpty()) {
            tasks.later(this::look, failed.isZero() ? next : failed);
            return;
        }
        tasks.nothingLeft(TASK);
        looking.set(false);
        if (!observed().isEmpty()) {
            // It began in between.
            begin();
        }
    }

    private Map<String, UnitSights> observed() {
        Map<String, UnitSights> observed = new HashMap<>();
        for (WorkerSession session : sessions) {
            OpenUnit unit = session.openUnit();
            UnitSights sights = unit == null ? null : unit.sights();
            if (sights != null) {
                observed.put(sights.transactionId(), sights);
            }
        }
        return observed;
    }

    private void lookOnce() throws SQLException {
        Map<String, UnitSights> observed = observed();
        if (observed.isEmpty()) {
            return;
        }
        next = observed.values().stream().anyMatch(UnitSights::isBrief) ? SOONEST : LATEST;
        boolean hidden = observed.values().stream().anyMatch(UnitSights::isHidden);
        // In a transaction of its own, since the server shows all of one the same.
        connection.inTransaction(c -> {
            long now = Host.nanoTime();
            Map<String, UnitLook> looks = UnitLooks.look(c, observed.keySet(), hidden);
            observed.forEach((id, sights) -> {
                UnitLook look = looks.get(id);
                if (look == null) {
                    sights.missed();
                } else {
                    sights.saw(now, look.waiting(), look.statement(), look.age().toNanos());
                    next = sooner(next, look);
                }
            });
            return observed;
        });
    }

    private static Duration sooner(Duration next, UnitLook look) {
        Duration part = look.age().dividedBy(PART);
        Duration due = part.compareTo(SOONEST) < 0 ? SOONEST : part;
        return due.compareTo(next) < 0 ? due : next;
    }
}
