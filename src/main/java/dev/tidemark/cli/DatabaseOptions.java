package dev.tidemark.cli;

import dev.tidemark.internal.store.NotConnectedException;
import dev.tidemark.internal.store.Schema;
import java.util.Map;
import javax.sql.DataSource;
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

    Schema schema() {
        return new Schema(schema);
    }

    /** A connection for each call, none kept. */
    DataSource dataSource() {
        return source();
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
        PGSimpleDataSource source = source();
        // PgBouncer may hand out another connection for each transaction, and nothing here is sent often.
        source.setPrepareThreshold(0);
        return Jdbi.create(() -> NotConnectedException.open(source)).open();
    }

    /** The statement with the schema's name in place of {@code {schema}}. */
    String sql(String template) {
        return template.replace("{schema}", schema().name());
    }
}
