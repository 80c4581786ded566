package dev.tidemark.internal.control;

import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.store.table.PauseTable;
import java.sql.Connection;
import java.sql.SQLException;

/** Notices what a person pauses and resumes. Used by the control thread. */
final class PauseWatch {
    private final PauseTable table;
    private final ControlEvents events;
    private Pauses told = Pauses.none();

    PauseWatch(PauseTable table, ControlEvents events) {
        this.table = table;
        this.events = events;
    }

    /** Looks inside the caller's transaction, and tells what has changed. */
    void look(Connection c) throws SQLException {
        Pauses now = table.read(c);
        if (!now.equals(told)) {
            told = now;
            events.pauses(now);
        }
    }
}
