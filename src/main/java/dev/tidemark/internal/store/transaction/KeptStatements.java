package dev.tidemark.internal.store.transaction;

import dev.tidemark.internal.store.connection.WorkerConnection;
import dev.tidemark.internal.store.failure.SqlFailures;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether the server may keep the statements of units prepared, which spares it their planning. Used by one worker. */
final class KeptStatements {
    private static final Logger LOG = LoggerFactory.getLogger(KeptStatements.class);

    private final String groupId;
    private final WorkerConnection connection;
    private boolean lost;

    KeptStatements(String groupId, WorkerConnection connection) {
        this.groupId = groupId;
        this.connection = connection;
    }

    /** Whether it may, on the worker's present connection. */
    boolean areAllowed() {
        return !lost && connection.settings().keepsStatements();
    }

    /** A statement of the store has failed; returns whether it did since it was kept, which none is from now on. */
    boolean areLost(SQLException e) {
        if (!areAllowed() || !SqlFailures.isStatementClash(e)) {
            return false;
        }
        lost = true;
        LOG.warn(
                "the server does not know a statement of the store any more that it had prepared, so it prepares none from now on"
                        + " group={} fix=\"add prepareThreshold=0 to the JDBC URL if there is a pooler; deallocate no others'"
                        + " statements in handlers\"",
                groupId);
        return true;
    }
}
