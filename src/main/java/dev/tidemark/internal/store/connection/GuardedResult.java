package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.thread.Host;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a guarded connection returns: a statement, its result or the database's description, none of which gives access to the
 * unguarded connection. As thread-safe as the object it wraps.
 */
final class GuardedResult implements InvocationHandler {
    /** The guarded connection that returned it. */
    interface Origin {
        Connection guarded();

        /** Refuses SQL that ends the transaction. */
        void check(String sql);

        /** The database refused something to the handler. */
        void failed(SQLException error);

        /** Who is told of statements; null if nobody looks at them. */
        @Nullable
        UnitSights sights();
    }

    /** The narrower first. */
    private static final List<Class<?>> TYPES = List.of(
            CallableStatement.class, PreparedStatement.class, Statement.class, ResultSet.class, DatabaseMetaData.class);

    private final Origin guard;
    private final Object target;
    private final @Nullable Object statement;
    private final boolean plain;

    private GuardedResult(Origin guard, Object target, @Nullable Object statement) {
        this.guard = guard;
        this.target = target;
        this.statement = statement;
        this.plain = target instanceof Statement && !(target instanceof PreparedStatement);
    }

    /**
     * Guards what gives access to the connection; anything else is returned as it is.
     *
     * @param statement the guarded one that it is a result of; null if there is none
     */
    static @Nullable Object of(Origin guard, @Nullable Object result, @Nullable Object statement) {
        for (Class<?> type : TYPES) {
            if (type.isInstance(result)) {
                return proxy(type, new GuardedResult(guard, result, statement));
            }
        }
        return result;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args) throws Throwable {
        return switch (method.getName()) {
            case "getConnection" -> guard.guarded();
            case "getStatement" -> statement;
            case "equals" -> args != null && proxy == args[0];
            case "hashCode" -> System.identityHashCode(proxy);
            case "unwrap" -> unwrap(proxy, method, args);
            default -> call(proxy, method, args);
        };
    }

    private @Nullable Object call(Object proxy, Method method, @Nullable Object @Nullable [] args) throws Throwable {
        if (plain && args != null && args.length > 0 && args[0] instanceof String sql) {
            String name = method.getName();
            if (name.startsWith("execute") || name.equals("addBatch")) {
                // It is known only when it is executed.
                guard.check(sql);
            }
        }
        UnitSights sights = guard.sights();
        Object result;
        try {
            result = sights == null ? invokeOn(target, method, args) : observed(sights, method, args);
        } catch (SQLException e) {
            guard.failed(e);
            throw e;
        }
        // Called for each value of each record: most methods cannot return the connection.
        Class<?> returned = method.getReturnType();
        return returned.isInterface() || returned == Object.class
                ? of(guard, result, target instanceof Statement ? proxy : statement)
                : result;
    }

    private @Nullable Object observed(UnitSights sights, Method method, @Nullable Object @Nullable [] args)
            throws Throwable {
        boolean executes = target instanceof Statement && method.getName().startsWith("execute");
        if (executes) {
            sights.sends(Host.nanoTime());
        }
        try {
            Object result = invokeOn(target, method, args);
            if (executes) {
                sights.hears(Host.nanoTime());
            }
            return result;
        } catch (SQLException e) {
            // A result may be read in pieces, each of which the server sends by itself.
            sights.failed(e, Host.nanoTime());
            throw e;
        }
    }

    /** The driver's own interface, guarded as well; its class, which cannot be guarded, as it is. */
    private @Nullable Object unwrap(Object proxy, Method method, @Nullable Object @Nullable [] args) throws Throwable {
        if (args == null || !(args[0] instanceof Class<?> type)) {
            return invokeOn(target, method, args);
        }
        if (type.isInstance(proxy)) {
            return proxy;
        }
        Object driver = invokeOn(target, method, args);
        for (Class<?> known : TYPES) {
            if (type.isInterface() && known.isInstance(driver)) {
                return Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type, known},
                        new GuardedResult(guard, Objects.requireNonNull(driver), statement));
            }
        }
        return driver;
    }

    static @Nullable Object invokeOn(Object target, Method method, @Nullable Object @Nullable [] args)
            throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
