package dev.tidemark.doctor;

import dev.tidemark.doctor.PoolerChecks.Prepared;
import dev.tidemark.doctor.PoolerChecks.Sharing;
import dev.tidemark.internal.store.connection.PoolerMode;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.NotConnectedException;
import dev.tidemark.internal.store.failure.SqlFailures;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Detects a pooler by what it cannot hide: its handshake names another process than the server's, and a second client gets the server
 * connection that the first had, with or without what the first had prepared there.
 */
final class PoolerProbe {
    private static final Logger LOG = LoggerFactory.getLogger(PoolerProbe.class);

    private static final String PROCESS = "select pg_backend_pid()";

    private static final int ATTEMPTS = 5;

    /** Milliseconds until a connection that gets no server connection counts as stuck: the pool may hold only one. */
    private static final int PATIENCE = 5_000;

    private final DataSource dataSource;
    private final int threshold;

    /**
     * @param threshold {@code prepareThreshold} of the URL
     */
    PoolerProbe(DataSource dataSource, int threshold) {
        this.dataSource = dataSource;
        this.threshold = threshold;
    }

    PoolerChecks.Facts ask() throws SQLException {
        int process;
        try (Taken one = open()) {
            Connection first = one.connection;
            try {
                process = number(first);
                first.commit();
            } catch (SQLException e) {
                if (PoolerMode.isSuspect(e) && PoolerMode.refusesTransactions(dataSource)) {
                    return new PoolerChecks.Facts(true, Sharing.BY_STATEMENT, Prepared.UNKNOWN, threshold);
                }
                throw e;
            }
            if (process == first.unwrap(PGConnection.class).getBackendPID()) {
                return new PoolerChecks.Facts(false, Sharing.NOT_SEEN, Prepared.UNKNOWN, threshold);
            }
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                try (Taken other = open()) {
                    Connection second = other.connection;
                    if (number(second) == process) {
                        second.commit();
                        return new PoolerChecks.Facts(true, Sharing.SEEN, prepared(first, second), threshold);
                    }
                    second.rollback();
                }
            }
            return new PoolerChecks.Facts(true, Sharing.NOT_SEEN, Prepared.UNKNOWN, threshold);
        }
    }

    // Outside a transaction the driver would silently prepare a lost statement again.
    private Taken open() throws SQLException {
        Taken taken = take(NotConnectedException.open(dataSource));
        try {
            taken.connection.setNetworkTimeout(Runnable::run, PATIENCE);
            taken.connection.unwrap(PGConnection.class).setPrepareThreshold(0);
            taken.connection.setAutoCommit(false);
            return taken;
        } catch (SQLException | RuntimeException e) {
            try (taken) {
                throw e;
            }
        }
    }

    private static Taken take(Connection connection) throws SQLException {
        try {
            return new Taken(connection);
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }

    /** A connection, which goes back with the settings it came with: not every pool resets them. */
    private static final class Taken implements AutoCloseable {
        private final Connection connection;
        private final boolean autoCommit;
        private final int networkTimeout;
        private final int threshold;

        Taken(Connection connection) throws SQLException {
            this.connection = connection;
            this.autoCommit = connection.getAutoCommit();
            this.networkTimeout = connection.getNetworkTimeout();
            this.threshold = connection.unwrap(PGConnection.class).getPrepareThreshold();
        }

        @Override
        public void close() {
            try (connection) {
                connection.rollback();
                connection.setAutoCommit(autoCommit);
                connection.unwrap(PGConnection.class).setPrepareThreshold(threshold);
                connection.setNetworkTimeout(Runnable::run, networkTimeout);
            } catch (SQLException e) {
                LOG.debug("a connection could not be returned cleanly: {}", FailureWords.describe(e));
            }
        }
    }

    /** The first prepares it on a connection that the second then takes, so that the first must continue with another. */
    private static Prepared prepared(Connection first, Connection second) {
        try (PreparedStatement who = first.prepareStatement(PROCESS)) {
            who.unwrap(PGStatement.class).setPrepareThreshold(1);
            int process = number(who);
            first.commit();
            if (number(second) != process) {
                return Prepared.UNKNOWN;
            }
            Prepared outcome = again(who);
            forget(second);
            return outcome;
        } catch (SQLException e) {
            return outcome(e);
        }
    }

    private static Prepared again(PreparedStatement prepared) {
        try {
            number(prepared);
            return Prepared.KEPT;
        } catch (SQLException e) {
            return outcome(e);
        }
    }

    private static Prepared outcome(SQLException e) {
        return SqlFailures.facts(e).is("26000", "42P05") ? Prepared.LOST : Prepared.UNKNOWN;
    }

    /** What the first prepared must not reach another client; a pooler that keeps track of statements does not know this name. */
    private static void forget(Connection holder) throws SQLException {
        Savepoint before = holder.setSavepoint();
        try (Statement statement = holder.createStatement()) {
            statement.execute("deallocate \"S_1\"");
        } catch (SQLException e) {
            holder.rollback(before);
        }
        holder.commit();
    }

    private static int number(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PROCESS)) {
            return number(statement);
        }
    }

    private static int number(PreparedStatement statement) throws SQLException {
        try (ResultSet r = statement.executeQuery()) {
            r.next();
            return r.getInt(1);
        }
    }
}
