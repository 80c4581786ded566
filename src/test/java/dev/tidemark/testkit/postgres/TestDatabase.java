package dev.tidemark.testkit.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.testkit.Canary;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * A database of its own on a shared server, under the roles that users have. Connections and pools without a role are the
 * writer's, for consumers. SQL without a role is an operator's, who is not a superuser either. Tables are made by {@link #owner}.
 */
public final class TestDatabase {
    private final PostgresServer server;
    private final String name;

    TestDatabase(PostgresServer server, String name) {
        this.server = server;
        this.name = name;
    }

    public String name() {
        return name;
    }

    public PostgresServer server() {
        return server;
    }

    /** For consumers: the writer's. */
    public String jdbcUrl() {
        return writer().jdbcUrl();
    }

    /** For what writes to the offset store as consumers do: the writer's. */
    public Connection connect() throws SQLException {
        return writer().connect();
    }

    /** For consumers: the writer's. */
    public HikariDataSource pool(int size) {
        return pool(writer().jdbcUrl(), size);
    }

    /** For consumers, which try again what had to wait for too long. */
    public static HikariDataSource pool(String jdbcUrl, int size) {
        return pool(jdbcUrl, size, Duration.ofSeconds(5));
    }

    static HikariDataSource pool(String jdbcUrl, int size, Duration patience) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(jdbcUrl);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(patience.toMillis());
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    /** What an operator does manually. */
    public void execute(String... statements) {
        as(DatabaseRole.OPERATOR).execute(statements);
    }

    /** What an operator asks: the rows as text, columns joined by a bar. */
    public List<String> query(String sql) {
        return as(DatabaseRole.OPERATOR).query(sql);
    }

    /** What an operator asks: one number. */
    public long number(String sql) {
        return as(DatabaseRole.OPERATOR).number(sql);
    }

    /** Whose tables they are; also who moves an offset with plain SQL. */
    public DatabaseLogin owner() {
        return as(DatabaseRole.OWNER);
    }

    public DatabaseLogin writer() {
        return as(DatabaseRole.WRITER);
    }

    public DatabaseLogin reader() {
        return as(DatabaseRole.READER);
    }

    /** Who sees and ends the sessions of all roles. */
    public DatabaseLogin superuser() {
        return as(DatabaseRole.SUPERUSER);
    }

    public DatabaseLogin as(DatabaseRole role) {
        return as(role.login());
    }

    /** Another login, which the test has made with the password {@link Canary#PASSWORD}. */
    public DatabaseLogin as(String login) {
        return new DatabaseLogin(login, server.jdbcUrl(name, login));
    }

    /** Creates or upgrades the offset store, and grants access to the writer, the operator and the reader. */
    public void migrate() {
        try (HikariDataSource pool = owner().pool(2)) {
            TidemarkSchema.migrate(pool);
        }
        grantAccess("tidemark");
    }

    /** Grants access to the writer, the operator and the reader if a test has migrated by itself. */
    public void grantAccess(String schema) {
        for (DatabaseRole role : List.of(DatabaseRole.WRITER, DatabaseRole.OPERATOR, DatabaseRole.READER)) {
            owner().execute("select " + schema + ".grant_access('" + role.login() + "', '"
                    + role.name().toLowerCase(Locale.ROOT) + "')");
        }
    }
}
