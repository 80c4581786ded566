package dev.tidemark.testkit.postgres;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.jdbc.datasource.AbstractDataSource;

/** Hands out the same sessions for ever, and neither resets nor replaces them. */
public final class KeptSessions extends AbstractDataSource {
    private final BlockingQueue<Connection> free = new LinkedBlockingQueue<>();

    public KeptSessions(TestDatabase database, int sessions) throws SQLException {
        for (int i = 0; i < sessions; i++) {
            free.add(database.connect());
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection kept = free.poll();
        if (kept == null) {
            throw new SQLException("none is free", "08001");
        }
        AtomicBoolean closed = new AtomicBoolean();
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    switch (method.getName()) {
                        case "close", "abort" -> {
                            if (!closed.getAndSet(true)) {
                                kept.setAutoCommit(false);
                                kept.rollback();
                                kept.setAutoCommit(true);
                                free.add(kept);
                            }
                            return null;
                        }
                        case "isClosed" -> {
                            return closed.get();
                        }
                        default -> {
                            try {
                                return method.invoke(kept, args);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        }
                    }
                });
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return getConnection();
    }
}
