package dev.tidemark.cli.option;

import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.cli.output.CommandException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Option;

/** Which database and schema a command works on. */
public final class DatabaseOptions {
    /** Seconds until a server that does not respond counts as unreachable. */
    private static final int CONNECT_TIMEOUT = 10;

    /**
     * Seconds until a server that does not reply counts as lost: a firewall, or a host that disappears, ends connections silently.
     */
    private static final int REPLY_TIMEOUT = 30;

    /** As before, for a change: it may wait for a unit that lasts up to {@code max.poll.interval.ms}, or have much to do. */
    private static final int CHANGE_TIMEOUT = 360;

    static final String DEFAULT_SCHEMA = "tidemark";

    private static final String DRIVER = PGProperty.APPLICATION_NAME.getDefaultValue();

    @Option(
            names = "--jdbc-url",
            paramLabel = "URL",
            description = {
                "The database, such as jdbc:postgresql://localhost:5432/app.",
                "Default: TIDEMARK_JDBC_URL, or PGSERVICE, or PGHOST, PGPORT and PGDATABASE. User and password come from"
                        + " the URL, from PGUSER and PGPASSWORD, or from ~/.pgpass."
            })
    private @Nullable String jdbcUrl;

    @Option(
            names = "--schema",
            paramLabel = "NAME",
            defaultValue = DEFAULT_SCHEMA,
            description = "The schema of the offset store. Default: TIDEMARK_SCHEMA, or tidemark.")
    private String schema = DEFAULT_SCHEMA;

    /** The schema's name, not validated. */
    public String schema() {
        return schema;
    }

    /** For consumers, which monitor their connections themselves. A new connection for each call. */
    public DataSource dataSource() {
        return source();
    }

    /** As {@link #dataSource}, but a silent server is given up after 30 s. */
    public DataSource forLooks() {
        return limited(REPLY_TIMEOUT);
    }

    /** As {@link #forLooks}, after 6 min: a change may have to wait for units of work. */
    public DataSource forChanges() {
        return limited(CHANGE_TIMEOUT);
    }

    private PGSimpleDataSource limited(int seconds) {
        PGSimpleDataSource source = source();
        if (!hasOwnLimit(source)) {
            source.setSocketTimeout(seconds);
        }
        return source;
    }

    /** A 0 in the URL is intended, too. */
    private boolean hasOwnLimit(PGSimpleDataSource source) {
        return source.getSocketTimeout() != 0 || jdbcUrl().contains(PGProperty.SOCKET_TIMEOUT.getName() + "=");
    }

    private PGSimpleDataSource source() {
        PGSimpleDataSource source = JdbcUrl.source(jdbcUrl(), System.getenv());
        // If the URL names no application the driver sets its own name; the audit log should be more specific.
        if (DRIVER.equals(source.getApplicationName())) {
            source.setApplicationName("tidemark-cli");
        }
        if (source.getConnectTimeout() == 0) {
            source.setConnectTimeout(CONNECT_TIMEOUT);
        }
        // A server that accepts the connection and never replies counts as unreachable, too.
        if (source.getLoginTimeout() == 0) {
            source.setLoginTimeout(Math.max(CONNECT_TIMEOUT, source.getConnectTimeout()));
        }
        // PgBouncer may hand out another connection for each transaction.
        source.setPrepareThreshold(0);
        return source;
    }

    /** After how many executions the driver would prepare a statement on the server, from the URL; 0 for never. */
    public int prepareThreshold() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl());
        return source.getPrepareThreshold();
    }

    /** As given, or as psql would connect; for pools. */
    public String jdbcUrl() {
        String url = jdbcUrl;
        if (url != null && !url.isBlank()) {
            return url.strip();
        }
        return PostgresEnvironment.url(System.getenv())
                .orElseThrow(() -> CommandException.wrongInput(
                        "no database: pass --jdbc-url, or set TIDEMARK_JDBC_URL, or PGHOST and PGDATABASE"));
    }

    /** For calls that change nothing: a silent server is given up after 30 s. */
    public TidemarkAdmin looks() {
        return TidemarkAdmin.builder(forLooks()).schema(schema).build();
    }

    /** For calls that change something: a silent server is given up after 6 min. */
    public TidemarkAdmin changes() {
        return TidemarkAdmin.builder(forChanges()).schema(schema).build();
    }
}
