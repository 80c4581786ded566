package dev.tidemark.internal.admin;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.store.connection.PoolerMode;
import dev.tidemark.internal.store.failure.NotConnectedException;
import dev.tidemark.internal.store.failure.StoreErrors;
import dev.tidemark.internal.store.schema.RowSecurity;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.postgresql.PGConnection;

/**
 * The offset store for one call at a time: a connection from the DataSource, returned as it was. Whatever fails is thrown
 * as a Tidemark error. Thread-safe.
 */
public record StoreAccess(DataSource dataSource, Schema schema) {
    /** What a call does on its connection. */
    @FunctionalInterface
    public interface Work<T> {
        T on(Handle handle) throws SQLException;
    }

    /** What a change does in its transaction, on a session that had these settings before. */
    @FunctionalInterface
    public interface Change<T> {
        T on(Handle tx, SavedSettings session) throws SQLException;
    }

    /** The statement with the schema's name in place of {@code {schema}}. */
    public String sql(String template) {
        return template.replace("{schema}", schema.name());
    }

    /** Statements that change nothing, each in its own transaction. */
    public <T> T read(Work<T> work) {
        return call(false, work);
    }

    /** One transaction, READ COMMITTED whatever the database's default is. */
    public <T> T change(Change<T> work) {
        return call(
                true,
                handle -> handle.inTransaction(tx -> {
                    tx.execute("set transaction isolation level read committed");
                    SavedSettings session = SavedSettings.read(tx.getConnection());
                    requireTriggers(tx);
                    // It locks rows, which the server would keep for hours if the client disappeared.
                    tx.execute("set local idle_in_transaction_session_timeout = '30s'");
                    return work.on(tx, session);
                }));
    }

    /** Without the store's triggers, consumers are not fenced by a change, and nothing records it. */
    private void requireTriggers(Handle tx) {
        if (tx.select("select current_setting('session_replication_role')")
                .mapTo(String.class)
                .one()
                .equals("replica")) {
            throw new OffsetStoreException(
                    ErrorCode.CHANGE_REFUSED,
                    "session_replication_role is replica in this session, so that the triggers of schema "
                            + schema.name()
                            + " do not run: nothing was changed; reset it for the role, the database or the JDBC URL",
                    null);
        }
    }

    private <T> T call(boolean changing, Work<T> work) {
        boolean began = false;
        try (Connection connection = NotConnectedException.open(dataSource)) {
            boolean autoCommit = connection.getAutoCommit();
            int threshold = threshold(connection, 0);
            connection.setAutoCommit(true);
            began = changing;
            T result;
            try {
                RowSecurity.check(connection, schema);
                result = work.on(Jdbi.open(connection));
            } catch (Throwable e) {
                giveBack(connection, autoCommit, threshold, e);
                throw e;
            }
            connection.setAutoCommit(autoCommit);
            int unused = threshold(connection, threshold);
            return result;
        } catch (SQLException | JdbiException e) {
            throw explain(e, began);
        }
    }

    private TidemarkException explain(Exception failure, boolean began) {
        return PoolerMode.isSuspect(failure) && PoolerMode.refusesTransactions(dataSource)
                ? StoreErrors.poolerByStatement(failure)
                : OperatorErrors.explain(schema, failure, began);
    }

    private static void giveBack(Connection connection, boolean autoCommit, int threshold, Throwable failure) {
        try {
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
            connection.setAutoCommit(autoCommit);
            int unused = threshold(connection, threshold);
        } catch (SQLException alsoBroken) {
            failure.addSuppressed(alsoBroken);
        }
    }

    /** PgBouncer may hand out another connection for each transaction, so nothing is prepared on the server. */
    private static int threshold(Connection connection, int wanted) throws SQLException {
        if (!connection.isWrapperFor(PGConnection.class)) {
            return wanted;
        }
        PGConnection driver = connection.unwrap(PGConnection.class);
        int before = driver.getPrepareThreshold();
        driver.setPrepareThreshold(wanted);
        return before;
    }
}
