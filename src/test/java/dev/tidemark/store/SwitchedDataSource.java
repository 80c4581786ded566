package dev.tidemark.store;

import com.zaxxer.hikari.HikariDataSource;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** A DataSource that leads to one database and later to another, as a host name or a pooler's entry does. */
final class SwitchedDataSource implements DataSource, AutoCloseable {
    private final HikariDataSource first;
    private final HikariDataSource second;
    private volatile HikariDataSource current;

    SwitchedDataSource(HikariDataSource first, HikariDataSource second) {
        this.first = first;
        this.second = second;
        this.current = first;
    }

    /** New connections lead to the second one. */
    void lead() {
        current = second;
    }

    @Override
    public void close() {
        first.close();
        second.close();
    }

    @Override
    public Connection getConnection() throws SQLException {
        return current.getConnection();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return current.getConnection(user, password);
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return current.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        current.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        current.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return current.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return current.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return current.isWrapperFor(type);
    }
}
