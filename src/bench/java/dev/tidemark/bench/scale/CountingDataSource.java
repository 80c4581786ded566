package dev.tidemark.bench.scale;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;

/** Counts what goes through a DataSource to the server. */
final class CountingDataSource {
    private final AtomicLong statements = new AtomicLong();
    private final AtomicLong commits = new AtomicLong();
    private final DataSource target;

    CountingDataSource(DataSource target) {
        this.target = target;
    }

    /** Statements and commits so far. */
    record Counts(long statements, long commits) {
        Counts since(Counts before) {
            return new Counts(statements - before.statements, commits - before.commits);
        }
    }

    Counts counts() {
        return new Counts(statements.get(), commits.get());
    }

    /** The same DataSource, counted. */
    DataSource counted() {
        return proxy(DataSource.class, target);
    }

    private <T> T proxy(Class<T> type, T behind) {
        InvocationHandler handler = (self, method, arguments) -> {
            if (method.getName().equals("commit")) {
                commits.incrementAndGet();
            } else if (behind instanceof Statement && method.getName().startsWith("execute")) {
                statements.incrementAndGet();
            }
            try {
                Object result = method.invoke(behind, arguments);
                return method.getName().equals("unwrap") ? result : wrapped(result);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private Object wrapped(Object result) {
        if (result instanceof CallableStatement) {
            return result;
        }
        if (result instanceof PreparedStatement statement) {
            return proxy(PreparedStatement.class, statement);
        }
        if (result instanceof Statement statement) {
            return proxy(Statement.class, statement);
        }
        return result instanceof Connection connection ? proxy(Connection.class, connection) : result;
    }
}
