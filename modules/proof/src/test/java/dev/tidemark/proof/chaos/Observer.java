package dev.tidemark.proof.chaos;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.awaitility.Awaitility;

/** Asks the database on one connection, as its superuser, and connects again whenever the server was away. */
public final class Observer implements AutoCloseable {
    private final Supplier<String> url;
    private Connection connection;

    Observer(Supplier<String> url) {
        this.url = url;
    }

    /** The rows, columns as text; waits until the server replies. */
    public List<List<String>> rows(String sql) {
        List<List<String>> rows = new ArrayList<>();
        Awaitility.await("the server's reply")
                .atMost(Duration.ofMinutes(3))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> ask(sql, rows));
        return rows;
    }

    private boolean ask(String sql, List<List<String>> rows) {
        try {
            if (connection == null || connection.isClosed()) {
                connection = DriverManager.getConnection(url.get());
            }
            rows.clear();
            try (Statement s = connection.createStatement();
                    ResultSet r = s.executeQuery(sql)) {
                while (r.next()) {
                    List<String> row = new ArrayList<>();
                    for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) {
                        row.add(r.getString(i));
                    }
                    rows.add(row);
                }
            }
            return true;
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith("42")) {
                throw new IllegalStateException(e);
            }
            close();
            return false;
        }
    }

    /** One number; 0 for null. */
    public long number(String sql) {
        String text = rows(sql).get(0).get(0);
        return text == null ? 0 : Long.parseLong(text);
    }

    @Override
    public void close() {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            // It is gone.
        }
        connection = null;
    }
}
