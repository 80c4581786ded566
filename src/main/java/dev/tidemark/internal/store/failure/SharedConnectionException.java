package dev.tidemark.internal.store.failure;

import java.sql.SQLException;

/** A DataSource handed out a connection that another thread of this process is using, whose transaction a commit would end. */
public final class SharedConnectionException extends SQLException {
    private static final long serialVersionUID = 1L;

    public SharedConnectionException() {
        super("the DataSource hands out a connection that is in use");
    }
}
