package dev.tidemark.internal.store.failure;

import dev.tidemark.internal.log.Secrets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.ServerErrorMessage;

/** What may be logged about a failure. */
public final class FailureWords {
    private static final int LONGEST = 300;

    /** As PostgreSQL's own, in bytes. */
    private static final int LONGEST_NAME = 63;

    /** Where languages raise errors whose names are what a function passes to them, such as a value. */
    private static final Set<String> RAISE = Set.of("exec_stmt_raise", "PLy_output", "PLy_elog_impl");

    private FailureWords() {}

    /**
     * The failure in text that contains no data: classes, SQLSTATE and what it means, never a message, which can carry values. Only
     * messages from opening a connection, or from a pooler at any time, are shown, without what looks like a secret: a server quotes what
     * it was sent.
     */
    public static String describe(Throwable failure) {
        StringBuilder words = new StringBuilder();
        String previous = "";
        Set<String> told = new HashSet<>();
        for (Throwable t : FailureChain.of(failure)) {
            String name = t.getClass().getSimpleName();
            if (name.equals(previous) || t instanceof NotConnectedException) {
                continue;
            }
            previous = name;
            words.append(words.isEmpty() ? "" : " < ").append(name);
            String state = t instanceof SQLException sql ? FailureChain.sqlState(sql) : null;
            if (state != null) {
                words.append(" sqlstate=").append(state);
                if (told.add(state)) {
                    words.append(meaning(state, failure));
                }
            }
        }
        said(failure).ifPresent(said -> words.append(": ").append(said));
        return words.toString();
    }

    /** The first SQLSTATE in it and what that means, without data, such as {@code sqlstate=22012 (division by zero)}; empty if it has none. */
    public static String databaseError(Throwable failure) {
        return FailureChain.of(failure).stream()
                .filter(SQLException.class::isInstance)
                .map(t -> FailureChain.sqlState((SQLException) t))
                .filter(Objects::nonNull)
                .findFirst()
                .map(state -> "sqlstate=" + state + meaning(state, failure))
                .orElse("");
    }

    /** In parentheses; the names are those of the first message with this state, which the outermost exceptions do not have. */
    private static String meaning(String state, Throwable failure) {
        String names = FailureChain.of(failure).stream()
                .map(FailureChain::serverMessage)
                .filter(message -> message != null && state.equals(message.getSQLState()))
                .findFirst()
                .map(FailureWords::names)
                .orElse("");
        String words = SqlConditions.words(state).orElse("");
        return words.isEmpty() && names.isEmpty()
                ? ""
                : " (" + words + (words.isEmpty() || names.isEmpty() ? "" : ": ") + names + ")";
    }

    /** Names of objects, which are no data. A domain or type is named as the server names it. */
    private static String names(ServerErrorMessage message) {
        if (RAISE.contains(String.valueOf(message.getRoutine()))) {
            return "";
        }
        List<String> names = new ArrayList<>();
        name(names, "constraint", message.getConstraint());
        name(names, "column", message.getColumn());
        name(names, "table", message.getTable());
        name(names, "type", message.getDatatype());
        return String.join(", ", names);
    }

    private static void name(List<String> names, String what, @Nullable String name) {
        if (name != null && !name.isEmpty()) {
            String line = plain(name);
            names.add(what + " " + line.substring(0, Math.min(line.length(), LONGEST_NAME)));
        }
    }

    /** Messages from a source that could not have seen a record: the server or the driver at login, or a pooler. */
    static Optional<String> said(Throwable failure) {
        Optional<NotConnectedException> notConnected = NotConnectedException.in(failure);
        return FailureChain.of(failure).stream()
                .map(FailureChain::serverMessage)
                .filter(message -> message != null
                        && message.getMessage() != null
                        && (notConnected.isPresent() || FailureChain.isPoolers(message)))
                .map(ServerErrorMessage::getMessage)
                .findFirst()
                .or(() -> notConnected.flatMap(NotConnectedException::wordsOfDriver))
                .or(() -> FailureChain.of(failure).stream()
                        .filter(PoolExhaustedException.class::isInstance)
                        .map(t -> String.valueOf(t.getMessage()))
                        .findFirst())
                .map(FailureWords::plain);
    }

    private static String plain(@Nullable String text) {
        // Before quotes are replaced, which tell where a value ends.
        String line = Secrets.masked(String.valueOf(text))
                .replace('"', '\'')
                .replaceAll("\\s+", " ")
                .strip();
        return line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line;
    }
}
