package dev.tidemark.testkit.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.testkit.ProvokedCodes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database as one role sees it.
 *
 * @param role the name of the login
 * @param jdbcUrl with user and password
 */
public record DatabaseLogin(String role, String jdbcUrl) {
    private static final String DENIED = "42501";

    /** What a session reads only when it begins. */
    private static final Pattern FOR_NEW_SESSIONS =
            Pattern.compile("\\b(role|user|database|system)\\b", Pattern.CASE_INSENSITIVE);

    /** Those that the test kit keeps are not to be counted. */
    private static final Pattern ABOUT_SESSIONS = Pattern.compile("pg_stat_", Pattern.CASE_INSENSITIVE);

    /** A login may take long where many begin at once. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    public Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl);
    }

    /** A connection for each call, none kept. */
    public DataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl);
        return source;
    }

    /** For a test's own questions, which nobody repeats. */
    public HikariDataSource pool(int size) {
        return TestDatabase.pool(jdbcUrl, size, PATIENCE);
    }

    /** Runs statements on one connection, each in its own transaction unless they say otherwise. */
    public void execute(String... statements) {
        try {
            KeptConnections.ask(jdbcUrl, connection -> run(connection, statements));
        } catch (SQLException e) {
            throw failed(e);
        } finally {
            if (Stream.of(statements)
                    .anyMatch(sql -> FOR_NEW_SESSIONS.matcher(sql).find())) {
                KeptConnections.closeIdle(jdbcUrl);
            }
        }
    }

    private static int run(Connection connection, String... statements) throws SQLException {
        try (Statement s = connection.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        }
        return statements.length;
    }

    /** The rows as text, columns joined by a bar. */
    public List<String> query(String sql) {
        try {
            return KeptConnections.ask(jdbcUrl, connection -> rows(connection, sql));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    private List<String> rows(Connection connection, String sql) throws SQLException {
        if (ABOUT_SESSIONS.matcher(sql).find()) {
            KeptConnections.closeIdle(jdbcUrl);
        }
        try (Statement s = connection.createStatement();
                ResultSet r = s.executeQuery(sql)) {
            List<String> rows = new ArrayList<>();
            while (r.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) {
                    row.append(i == 1 ? "" : "|").append(r.getString(i));
                }
                rows.add(row.toString());
                ProvokedCodes.note(row.toString());
            }
            return rows;
        }
    }

    /** One number. */
    public long number(String sql) {
        String text = query(sql).get(0);
        return text.equals("null") ? 0 : Long.parseLong(text);
    }

    private IllegalStateException failed(SQLException e) {
        return DENIED.equals(e.getSQLState())
                ? new IllegalStateException(
                        role
                                + " may not do this; a test's set-up is for owner(), other roles' sessions are for superuser()",
                        e)
                : new IllegalStateException(e);
    }
}
