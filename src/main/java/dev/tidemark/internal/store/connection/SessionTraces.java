package dev.tidemark.internal.store.connection;

/**
 * What handlers may have left in a database session: temporary tables, settings, prepared statements, advisory locks. The later ones
 * include the earlier ones.
 */
public enum SessionTraces {
    /** No handler has used it. */
    NONE,
    /** Only those whose transaction was rolled back, and most of it with that. */
    OF_ROLLED_BACK,
    /** Anything. */
    OF_COMMITTED
}
