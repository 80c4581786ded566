package dev.tidemark.internal.control;

import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cancels units beyond their deadline, and aborts the connections of those that a cancellation does not end because their server
 * does not reply. The time in which the process was suspended does not count. It has a thread of its own that waits for no server,
 * so that nothing delays it.
 */
final class UnitWatch {
    private static final Logger LOG = LoggerFactory.getLogger(UnitWatch.class);

    private static final Duration EVERY = Duration.ofMillis(500);

    /** How often a statement that continues is cancelled, in checks. */
    private static final int CANCEL_EVERY = 2;

    private final String groupId;
    private final List<WorkerSession> sessions;
    private final Duration deadline;
    private final Duration networkTimeout;
    private final ScheduledExecutorService executor;
    private volatile @Nullable OwnThread thread;
    private int looks;

    /**
     * @param deadline how long a unit may last
     * @param networkTimeout how long a server that was asked to cancel may be silent
     */
    UnitWatch(
            String groupId,
            List<WorkerSession> sessions,
            Duration deadline,
            Duration networkTimeout,
            OwnThreads threads) {
        this.groupId = groupId;
        this.sessions = sessions;
        this.deadline = deadline;
        this.networkTimeout = networkTimeout;
        this.executor = threads.scheduler(task -> {
            OwnThread made = threads.create("tidemark-" + groupId + "-watch", LogContext.inGroup(groupId, task));
            thread = made;
            return made;
        });
    }

    void start() {
        ScheduledFuture<?> unused =
                executor.scheduleWithFixedDelay(this::look, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Aborts what waits for the database, which is known to be unresponsive. */
    void cut() {
        for (WorkerSession session : sessions) {
            OpenUnit unit = session.openUnit();
            if (unit != null) {
                unit.cut();
            }
        }
    }

    void close() {
        OwnThread last = thread;
        if (last != null) {
            last.mayEnd();
        }
        executor.shutdownNow();
    }

    private void look() {
        boolean cancel = looks++ % CANCEL_EVERY == 0;
        for (WorkerSession session : sessions) {
            try {
                look(session, cancel);
            } catch (RuntimeException | Error e) {
                // The next check may succeed; without checks nothing would limit a unit.
                LOG.warn(
                        "could not check a unit group={} cause={}",
                        groupId,
                        e.getClass().getSimpleName());
            }
        }
    }

    private void look(WorkerSession session, boolean cancel) {
        long now = Host.nanoTime();
        session.suspension().awake(now, EVERY);
        OpenUnit unit = session.openUnit();
        if (unit == null || unit.age(now) <= deadline.toNanos()) {
            return;
        }
        if (cancel) {
            unit.cancel();
        }
        if (unit.cutIfSilent(networkTimeout, now)) {
            LOG.warn(
                    "cutting a connection whose server has been silent group={} application_name=\"{}\" for=\"{} s\"",
                    groupId,
                    session.applicationName(),
                    session.silence().sinceLastAnswer(now) / 1_000_000_000);
        }
    }
}
