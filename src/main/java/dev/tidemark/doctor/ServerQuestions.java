package dev.tidemark.doctor;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.AutoSave;

/** Queries about the database server itself. */
final class ServerQuestions {
    private final Handle handle;

    ServerQuestions(Handle handle) {
        this.handle = handle;
    }

    Settings settings() {
        Map<String, Settings.Setting> settings = new HashMap<>();
        handle.createQuery("select name, setting, unit from pg_settings where setting is not null")
                .map((row, context) -> settings.put(
                        row.getString("name"), new Settings.Setting(row.getString("setting"), row.getString("unit"))))
                .list();
        return new Settings(settings);
    }

    boolean isStandby() {
        return handle.createQuery("select pg_is_in_recovery()")
                .mapTo(Boolean.class)
                .one();
    }

    /** Whether the JDBC URL has {@code autosave=always}. */
    boolean hidesFailures() throws SQLException {
        return handle.getConnection().unwrap(PGConnection.class).getAutosave() == AutoSave.ALWAYS;
    }

    /** How far the server's clock is ahead of this machine's. */
    Duration clock() {
        Instant before = Instant.now();
        Instant there = handle.createQuery("select clock_timestamp()")
                .map((row, context) -> row.getTimestamp(1).toInstant())
                .one();
        Instant middle = before.plus(Duration.between(before, Instant.now()).dividedBy(2));
        return Duration.between(middle, there);
    }

    // pg_stat_activity does not show other roles' connections to every role.
    ConnectionChecks.Facts connections() {
        return handle.createQuery("""
                        select (select sum(numbackends)::int from pg_stat_database) as used,
                               (select rolconnlimit from pg_roles where rolname = session_user) as role_limit,
                               (select datconnlimit from pg_database where datname = current_database()) as database_limit
                        """)
                .map((row, context) -> new ConnectionChecks.Facts(
                        row.getInt("used"), row.getInt("role_limit"), row.getInt("database_limit")))
                .one();
    }
}
