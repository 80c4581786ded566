package dev.tidemark.cli;

import dev.tidemark.internal.store.Schema;
import java.util.Map;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Option;

/** Which database and schema a command works on. */
final class DatabaseOptions {
    /** Seconds until a server that does not answer counts as away. */
    private static final int CONNECT_TIMEOUT = 10;

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
        if (source.getApplicationName() == null) {
            source.setApplicationName("tidemark-cli");
        }
        if (source.getConnectTimeout() == 0) {
            source.setConnectTimeout(CONNECT_TIMEOUT);
        }
        return source;
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
        return Jdbi.create(dataSource()).open();
    }

    /** The statement with the schema's name in place of {@code {schema}}. */
    String sql(String template) {
        return template.replace("{schema}", schema().name());
    }
}
