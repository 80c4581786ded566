package dev.tidemark.internal.store.failure;

import dev.tidemark.internal.plan.Fatal;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** An exception and its causes, and the server's messages in them. */
public final class FailureChain {
    /** An exception may return a new cause at each call. */
    private static final int MOST_CAUSES = 100;

    private static final Pattern SQL_STATE = Pattern.compile("[0-9A-Za-z]{5}");

    private FailureChain() {}

    /** The exception, its causes, and the next exceptions of each, outermost first; each of them once. */
    public static List<Throwable> of(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Throwable> chain = new ArrayList<>();
        Throwable t = failure;
        while (t != null && chain.size() < MOST_CAUSES && seen.add(t)) {
            chain.add(t);
            if (t instanceof SQLException sql) {
                SQLException n = ask(sql::getNextException);
                while (n != null && chain.size() < MOST_CAUSES && seen.add(n)) {
                    chain.add(n);
                    n = ask(n::getNextException);
                }
            }
            t = ask(t::getCause);
        }
        return chain;
    }

    /** The SQLSTATE of an exception; null if it has none. What has another form, which may contain data, is none. */
    static @Nullable String sqlState(SQLException e) {
        String state = ask(e::getSQLState);
        return state != null && SQL_STATE.matcher(state).matches() ? state : null;
    }

    /** An exception's own methods are user code, and may fail. */
    private static <T> @Nullable T ask(Supplier<@Nullable T> method) {
        try {
            return method.get();
        } catch (Throwable e) {
            Fatal.rethrow(e);
            return null;
        }
    }

    /** The server's message in this one of them; null if there is none. */
    static @Nullable ServerErrorMessage serverMessage(Throwable t) {
        return t instanceof PSQLException p ? p.getServerErrorMessage() : null;
    }

    /** Whether this is a pooler's message: PostgreSQL always names the routine that reported the error. */
    static boolean isPoolers(ServerErrorMessage message) {
        return message.getRoutine() == null && "08P01".equals(message.getSQLState());
    }

    /**
     * The words of the server's messages. Names of objects in them are the same in every language; nothing else in them may be
     * relied on, or shown.
     */
    static List<String> serverWords(Throwable failure) {
        List<String> words = new ArrayList<>();
        for (Throwable t : of(failure)) {
            ServerErrorMessage message = serverMessage(t);
            if (message != null && message.getMessage() != null) {
                words.addAll(List.of(message.getMessage().split("\\W+", -1)));
            }
        }
        return words;
    }
}
