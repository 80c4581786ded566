package dev.tidemark.internal.admin;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The settings of a session before foreign SQL ran in it. A SET that is committed stays in the caller's pool; and behind a pooler a
 * session is only known for the length of a transaction. So they are read, and restored, within the transaction. Custom settings are
 * not listed by the server, and stay.
 */
public final class SavedSettings {
    /** The first two decide what may be set; session_authorization resets the role. */
    private static final List<String> FIRST = List.of("session_authorization", "role");

    /** Set by a change itself until its end, so that a comparison says nothing. */
    private static final List<String> OWN = List.of("idle_in_transaction_session_timeout", "statement_timeout");

    private static final String SETTINGS = """
            select name, setting, source = 'session' from pg_catalog.pg_settings
             where context in ('user', 'superuser')
               and name not in ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable', 'seed')
            union all
            select name, pg_catalog.current_setting(name), true from (values ('session_authorization'), ('role')) as first(name)
            """;

    private final Map<String, Setting> settings;

    private record Setting(String value, boolean ofSession) {}

    private SavedSettings(Map<String, Setting> settings) {
        this.settings = settings;
    }

    /** Reads them. */
    public static SavedSettings read(Connection connection) throws SQLException {
        Map<String, Setting> settings = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet r = statement.executeQuery(SETTINGS)) {
            while (r.next()) {
                settings.put(r.getString(1), new Setting(String.valueOf(r.getString(2)), r.getBoolean(3)));
            }
        }
        return new SavedSettings(settings);
    }

    /** Restores those that differ, before the commit. */
    public void restore(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local statement_timeout = 0");
        }
        Map<String, Setting> now = read(connection).settings;
        for (String name : FIRST) {
            restore(connection, name, now);
        }
        for (String name : settings.keySet()) {
            restore(connection, name, now);
        }
    }

    private void restore(Connection connection, String name, Map<String, Setting> now) throws SQLException {
        Setting before = settings.get(name);
        Setting there = now.get(name);
        if (before == null || there == null || (before.value().equals(there.value()) && !OWN.contains(name))) {
            return;
        }
        if (before.ofSession()) {
            try (PreparedStatement set = connection.prepareStatement("select pg_catalog.set_config(?, ?, false)")) {
                set.setString(1, name);
                set.setString(2, before.value());
                set.execute();
            }
        } else {
            try (Statement reset = connection.createStatement()) {
                reset.execute("reset " + name);
            }
        }
    }
}
