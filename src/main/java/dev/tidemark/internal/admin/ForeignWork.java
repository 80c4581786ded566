package dev.tidemark.internal.admin;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.SqlFailures;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * The caller's work in the transaction of a change. The driver commits a transaction that has failed without an exception, and what
 * the caller did to it shows only in its id; so both are checked before the commit, and an error says what became of the change.
 */
public final class ForeignWork {
    private static final String WHO = "the effects of the change ";

    /** What the caller does. */
    @FunctionalInterface
    public interface Work {
        void on(Connection connection) throws SQLException;
    }

    private final Connection connection;
    private final SavedSettings before;
    private final String transaction;

    private ForeignWork(Connection connection, SavedSettings before, String transaction) {
        this.connection = connection;
        this.before = before;
        this.transaction = transaction;
    }

    /**
     * Does the work, and restores the session's settings.
     *
     * @param before the settings before the change
     */
    public static void run(Connection connection, SavedSettings before, Work work) throws SQLException {
        new ForeignWork(connection, before, transaction(connection)).run(work);
    }

    private void run(Work work) {
        try {
            work.on(connection);
        } catch (TidemarkException e) {
            Fate fate = fate();
            throw fate == Fate.COMMITTED ? refused("failed", fate, e) : e;
        } catch (Exception e) {
            String words = FailureWords.databaseError(e);
            throw refused(
                    "failed with " + e.getClass().getSimpleName() + (words.isEmpty() ? "" : " (" + words + ")"),
                    fate(),
                    e);
        }
        requireOpen();
        try (Statement statement = connection.createStatement()) {
            // Deferred triggers belong to the effects, and run with their settings.
            statement.execute("set constraints all immediate");
        } catch (SQLException e) {
            throw refused("violate a deferred constraint or trigger (" + FailureWords.describe(e) + ")", fate(), e);
        }
        try {
            before.restore(connection);
        } catch (SQLException e) {
            throw refused("left settings that cannot be restored (" + FailureWords.describe(e) + ")", fate(), e);
        }
    }

    private void requireOpen() {
        String now;
        try {
            now = transaction(connection);
        } catch (SQLException e) {
            boolean failed = SqlFailures.facts(e).is("25P02");
            throw refused(
                    failed ? "continued after a statement that failed" : "closed or lost its connection", fate(), e);
        }
        if (!now.equals(transaction)) {
            throw refused("ended its transaction", fate(), null);
        }
    }

    private static TidemarkException refused(String what, Fate fate, @Nullable Throwable cause) {
        return OperatorErrors.refused(
                WHO + what + ": " + fate.words + (cause == null ? "" : "; the cause may contain data"), cause);
    }

    /** What became of the transaction. */
    private enum Fate {
        ABORTED("nothing was changed"),
        COMMITTED("they had committed the change, and what they did until then"),
        UNKNOWN("nothing was changed, unless they had committed it; the audit log shows that");

        private final String words;

        Fate(String words) {
            this.words = words;
        }
    }

    /** Rolls back what is open, and asks the server. */
    private Fate fate() {
        try {
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
            String status = status();
            before.restore(connection);
            if (!connection.getAutoCommit()) {
                connection.commit();
            }
            return switch (status) {
                case "aborted" -> Fate.ABORTED;
                case "committed" -> Fate.COMMITTED;
                default -> Fate.UNKNOWN;
            };
        } catch (SQLException e) {
            return Fate.UNKNOWN;
        }
    }

    private String status() throws SQLException {
        try (PreparedStatement s = connection.prepareStatement("select pg_catalog.pg_xact_status(cast(? as xid8))")) {
            s.setString(1, transaction);
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? String.valueOf(r.getString(1)) : "";
            }
        }
    }

    private static String transaction(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet r = statement.executeQuery("select pg_catalog.pg_current_xact_id()")) {
            return r.next() ? r.getString(1) : "";
        }
    }
}
