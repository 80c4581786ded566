package dev.tidemark.internal.store.failure;

import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.ServerErrorMessage;

/** What may be logged about a failure. */
public final class FailureWords {
    private static final int LONGEST = 300;

    private FailureWords() {}

    /**
     * The failure in text that contains no data: classes, SQLSTATE and constraint, never a message, which can carry values. Only
     * messages from opening a connection, or from a pooler at any time, are shown verbatim.
     */
    public static String describe(Throwable failure) {
        StringBuilder words = new StringBuilder();
        String previous = "";
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
                ServerErrorMessage message = FailureChain.serverMessage(t);
                if (message != null && message.getConstraint() != null) {
                    words.append(" constraint=").append(message.getConstraint());
                }
            }
        }
        said(failure).ifPresent(said -> words.append(": ").append(said));
        return words.toString();
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
        String line =
                String.valueOf(text).replace('"', '\'').replaceAll("\\s+", " ").strip();
        return line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line;
    }
}
