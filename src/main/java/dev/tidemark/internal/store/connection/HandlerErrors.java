package dev.tidemark.internal.store.connection;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the database has told the handler of one unit, who need not pass it on: a handler may throw an exception of its own without a
 * cause, or none at all. Thread-safe.
 */
public final class HandlerErrors {
    /** One that fails in a loop is told the same again and again: beyond these, one of each SQLSTATE is enough. */
    private static final int MOST = 32;

    /** A function can raise any. */
    private static final int MOST_STATES = 1000;

    @GuardedBy("this")
    private final List<SQLException> errors = new ArrayList<>();

    private volatile boolean touched;

    synchronized void add(SQLException error) {
        if (errors.size() < MOST
                ? !errors.contains(error)
                : errors.size() < MOST_STATES && isNew(error.getSQLState())) {
            errors.add(error);
        }
    }

    @GuardedBy("this")
    private boolean isNew(@Nullable String state) {
        return errors.stream().noneMatch(told -> Objects.equals(told.getSQLState(), state));
    }

    /** In the order in which it was told. */
    public synchronized List<SQLException> all() {
        return List.copyOf(errors);
    }

    /** The handler uses its connection for more than to ask about it. */
    void touch() {
        touched = true;
    }

    /** Whether the handler has used its connection, so that its session may be why it failed, and may be left in another state. */
    public boolean hasTouched() {
        return touched;
    }
}
