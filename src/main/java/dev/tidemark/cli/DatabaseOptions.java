package dev.tidemark.cli;

import dev.tidemark.internal.store.NotConnectedException;
import dev.tidemark.internal.store.Schema;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Option;

/** Which database and schema a command works on. */
final class DatabaseOptions {
    /** Seconds until a server that does not answer counts as away. */
    private static final int CONNECT_TIMEOUT = 10;

    /**
     * Seconds until a server that does not reply counts as gone: a firewall or a host that is gone ends connections without a word.
     */
    private static final int REPLY_TIMEOUT = 30;

    /** As before, for a change: it may wait for a unit that lasts as long as {@code max.poll.interval.ms} lets it, or have much to do. */
    private static final int CHANGE_TIMEOUT = 360;

    private static final String DRIVER = PGProperty.APPLICATION_NAME.getDefaultValue();

    @Option(
            names = "--jdbc-url",
            paramLabel = "URL",
            defaultValue = "${env:TIDEMARK_JDBC_URL}",
            description = {
                "The database, such as jdbc:postgresql://localhost:5432/app.",
                "Default: TIDEMARK_JDBC_URL. User and password come from the URL, from PGUSER and PGPASSWORD, or from"
                        + " ~/.pgpass."
            })
    private @Nullable String jdbcUrl;

    @Option(
            names = "--schema",
            paramLabel = "NAME",
            defaultValue = "${env:TIDEMARK_SCHEMA:-tidemark}",
            description = "The schema of the offset store. Default: TIDEMARK_SCHEMA, or tidemark.")
    private String schema = Schema.DEFAULT;

    private boolean changing;

    Schema schema() {
        return new Schema(schema);
    }

    /** For consumers, which watch their connections themselves. A connection for each call, none kept. */
    DataSource dataSource() {
        return source();
    }

    /** As {@link #dataSource}, for looks: a server that falls silent is given up. */
    DataSource forLooks() {
        return limited(REPLY_TIMEOUT);
    }

    /** As {@link #forLooks}, for what may have to wait for others. */
    DataSource forChanges() {
        return limited(CHANGE_TIMEOUT);
    }

    private PGSimpleDataSource limited(int seconds) {
        PGSimpleDataSource source = source();
        if (!hasOwnLimit(source)) {
            source.setSocketTimeout(seconds);
        }
        return source;
    }

    /** Whoever says 0 in the URL means it. */
    private boolean hasOwnLimit(PGSimpleDataSource source) {
        return source.getSocketTimeout() != 0 || jdbcUrl().contains(PGProperty.SOCKET_TIMEOUT.getName() + "=");
    }

    private PGSimpleDataSource source() {
        Map<String, String> environment = System.getenv();
        PGSimpleDataSource source = new PGSimpleDataSource();
        try {
            source.setUrl(jdbcUrl());
        } catch (IllegalArgumentException e) {
            // Without the cause: it quotes the URL, and so perhaps the password.
            throw CommandException.wrongInput(
                    "--jdbc-url is no URL of PostgreSQL: it begins with jdbc:postgresql://host:port/database");
        }
        if (source.getUser() == null) {
            source.setUser(environment.get("PGUSER"));
        }
        if (source.getPassword() == null) {
            source.setPassword(environment.get("PGPASSWORD"));
        }
        // The driver names itself where the URL names nobody, and the audit log is to tell more.
        if (DRIVER.equals(source.getApplicationName())) {
            source.setApplicationName("tidemark-cli");
        }
        if (source.getConnectTimeout() == 0) {
            source.setConnectTimeout(CONNECT_TIMEOUT);
        }
        // A server that takes the connection and says nothing is away as well.
        if (source.getLoginTimeout() == 0) {
            source.setLoginTimeout(CONNECT_TIMEOUT);
        }
        // PgBouncer may hand out another connection for each transaction.
        source.setPrepareThreshold(0);
        return source;
    }

    /** After how many executions the driver would prepare a statement on the server, as the URL says it; 0 for never. */
    int prepareThreshold() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl());
        return source.getPrepareThreshold();
    }

    /** As it was given; for pools. */
    String jdbcUrl() {
        String url = jdbcUrl;
        if (url == null || url.isBlank()) {
            throw CommandException.wrongInput("no database: pass --jdbc-url, or set TIDEMARK_JDBC_URL");
        }
        return url;
    }

    /** An open connection that commits by itself outside of {@code inTransaction}. */
    Handle open() {
        DataSource source = forLooks();
        return Jdbi.create(() -> NotConnectedException.open(source)).open();
    }

    /** What follows on this connection changes something. */
    void beginChange(Handle handle) {
        changing = true;
        if (!hasOwnLimit(source())) {
            try {
                handle.getConnection().setNetworkTimeout(Runnable::run, CHANGE_TIMEOUT * 1_000);
            } catch (SQLException e) {
                throw new ConnectionException(e);
            }
        }
    }

    /** What follows in this transaction locks rows, which a server whose client is gone without a word would keep for hours. */
    static void limitIdle(Handle tx) {
        tx.execute("set local idle_in_transaction_session_timeout = '30s'");
    }

    /** Whether a change was begun, so that a server that does not reply may have made it. */
    boolean isChanging() {
        return changing;
    }

    /** The statement with the schema's name in place of {@code {schema}}. */
    String sql(String template) {
        return template.replace("{schema}", schema().name());
    }
}
