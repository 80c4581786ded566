package dev.tidemark.internal.control;

import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.lock.BlockerWatch;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** Frees workers that wait for a suspended owner. Used by the control thread. */
final class BlockerProbe {
    /** Younger units are not checked for locks. */
    private static final Duration LONG_UNIT = Duration.ofSeconds(1);

    private final ControlConnection connection;
    private final BlockerWatch blockers;
    private final List<WorkerSession> sessions;

    BlockerProbe(ControlConnection connection, BlockerWatch blockers, List<WorkerSession> sessions) {
        this.connection = connection;
        this.blockers = blockers;
        this.sessions = sessions;
    }

    /** Checks what long units wait for. */
    void look(long now) throws SQLException {
        List<String> longOpen = sessions.stream()
                .filter(session -> isOlder(session, LONG_UNIT, now))
                .map(WorkerSession::applicationName)
                .toList();
        if (!longOpen.isEmpty()) {
            connection.inTransaction(c -> {
                blockers.look(c, longOpen, now);
                return longOpen.size();
            });
        }
    }

    private static boolean isOlder(WorkerSession session, Duration age, long now) {
        OpenUnit unit = session.openUnit();
        return unit != null && unit.age(now) > age.toNanos();
    }
}
