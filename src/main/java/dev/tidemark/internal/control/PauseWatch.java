package dev.tidemark.internal.control;

import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.store.table.PauseTable;
import java.sql.Connection;
import java.sql.SQLException;

/** Detects pauses and resumes by operators. Used by the control thread. */
final class PauseWatch {
    private final PauseTable table;
    private final ControlEvents events;
    private Pauses reported = Pauses.none();

    PauseWatch(PauseTable table, ControlEvents events) {
        this.table = table;
        this.events = events;
    }

    /** Checks in the caller's transaction, and reports changes. */
    void look(Connection c) throws SQLException {
        Pauses now = table.read(c);
        if (!now.equals(reported)) {
            reported = now;
            events.pauses(now);
        }
    }
}
