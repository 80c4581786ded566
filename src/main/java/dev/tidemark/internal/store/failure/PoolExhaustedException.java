package dev.tidemark.internal.store.failure;

import java.sql.SQLTransientConnectionException;

/** No connection came in time because all of the pool's are in use, whatever the database does. */
public final class PoolExhaustedException extends SQLTransientConnectionException {
    private static final long serialVersionUID = 1L;

    /**
     * @param size of the pool
     */
    public PoolExhaustedException(int size, Throwable cause) {
        super("all " + size + " connections of the pool are in use", "08001", cause);
    }
}
