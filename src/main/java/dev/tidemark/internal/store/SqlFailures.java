package dev.tidemark.internal.store;

import dev.tidemark.internal.plan.SqlFacts;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Reads exceptions: which SQLSTATE is behind them, and what may be said of them in a log. */
public final class SqlFailures {
    private SqlFailures() {}

    /** What this exception and its causes say about the database. */
    public static SqlFacts facts(Throwable failure) {
        String state = null;
        boolean fromDatabase = false;
        boolean transientByType = false;
        boolean lost = false;
        boolean error = false;
        for (Throwable t : chain(failure)) {
            if (t instanceof SQLException sql) {
                fromDatabase = true;
                transientByType |= t instanceof SQLTransientException || t instanceof SQLRecoverableException;
                String own = sql.getSQLState();
                if (own != null && !own.isBlank()) {
                    state = state == null ? own : state;
                    lost |= (own.startsWith("08") && !isError(t)) || own.startsWith("57P0");
                }
                error |= isError(t);
            }
        }
        return new SqlFacts(state, fromDatabase, transientByType, lost, error);
    }

    /**
     * Whether the server does not know a prepared statement of the driver's, or knows another one by its name. The latter can
     * also show as the wrong number of parameters (08P01), which is told from a broken protocol by where the server says it.
     */
    static boolean isStatementClash(Throwable failure) {
        SqlFacts facts = facts(failure);
        if (facts.is("42P05", "26000")) {
            return true;
        }
        return facts.is("08P01")
                && chain(failure).stream()
                        .map(SqlFailures::serverMessage)
                        .anyMatch(message -> message != null && "exec_bind_message".equals(message.getRoutine()));
    }

    /** The failure in words that hold no data: classes, SQLSTATE and constraint, never a message, which can carry values. */
    public static String describe(Throwable failure) {
        StringBuilder words = new StringBuilder();
        String previous = "";
        for (Throwable t : chain(failure)) {
            String name = t.getClass().getSimpleName();
            if (name.equals(previous)) {
                continue;
            }
            previous = name;
            words.append(words.isEmpty() ? "" : " < ").append(name);
            if (t instanceof SQLException sql && sql.getSQLState() != null) {
                words.append(" sqlstate=").append(sql.getSQLState());
                ServerErrorMessage message = serverMessage(t);
                if (message != null && message.getConstraint() != null) {
                    words.append(" constraint=").append(message.getConstraint());
                }
            }
        }
        return words.toString();
    }

    /** Whether the server replied, and goes on. */
    private static boolean isError(Throwable t) {
        ServerErrorMessage message = serverMessage(t);
        return message != null && "ERROR".equals(message.getSeverity());
    }

    private static @Nullable ServerErrorMessage serverMessage(Throwable t) {
        return t instanceof PSQLException p ? p.getServerErrorMessage() : null;
    }

    private static List<Throwable> chain(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Throwable> chain = new ArrayList<>();
        Throwable t = failure;
        while (t != null && seen.add(t)) {
            chain.add(t);
            if (t instanceof SQLException sql) {
                for (SQLException n = sql.getNextException(); n != null && seen.add(n); n = n.getNextException()) {
                    chain.add(n);
                }
            }
            t = t.getCause();
        }
        return chain;
    }
}
