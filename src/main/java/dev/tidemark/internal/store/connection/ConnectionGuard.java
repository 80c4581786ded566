package dev.tidemark.internal.store.connection;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.internal.plan.TransactionVerbs;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyManager;
import org.postgresql.core.BaseConnection;
import org.postgresql.fastpath.Fastpath;
import org.postgresql.largeobject.LargeObjectManager;

/**
 * The connection as the handler of one unit sees it: commit, rollback and close are refused, and an attempt is remembered even if
 * the handler swallows the refusal. Once the unit has ended, it refuses all further calls, and the statements made through it are
 * closed: a thread that a handler left running must not write into the next unit. Thread-safe, since such a thread may still use
 * it.
 *
 * <p>The driver's interfaces that a handler obtains by {@code unwrap}, such as {@code PGConnection}, are guarded in the same way;
 * its classes cannot be, so a connection that was unwrapped to one is closed after its unit.
 */
final class ConnectionGuard implements InvocationHandler, GuardedResult.Origin {
    private static final Set<String> REFUSED =
            Set.of("commit", "close", "abort", "setTransactionIsolation", "setReadOnly", "setNetworkTimeout");

    /** What the client answers by itself; getSchema() and others show what an earlier handler has set. */
    private static final Set<String> ASKS_NO_SESSION = Set.of("getAutoCommit", "isClosed", "isWrapperFor");

    /** A handler sends few different texts, each many times; those of one that puts values into them are not worth keeping. */
    private static final int CHECKED_TEXTS = 32;

    private final Connection target;

    /** What makes statements. */
    private final Connection maker;

    private final @Nullable UnitSights sights;
    private final Connection guarded;
    private final HandlerErrors errors = new HandlerErrors();

    /** Held while the target is used: a unit does not end between the check that it is open and the use. */
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final OpenStatements statements = new OpenStatements();

    @GuardedBy("lock")
    private boolean open = true;

    @GuardedBy("lock")
    private boolean unwrapped;

    @GuardedBy("lock")
    private boolean unguarded;

    /** Reading a text costs as much as preparing it. Used by statements too, without the lock. */
    private final Set<String> checked = ConcurrentHashMap.newKeySet();

    /** Set by statements too, which are used without the lock. */
    private volatile @Nullable String violation;

    /**
     * @param sights who is told of the unit's statements; null if nobody looks at them
     */
    ConnectionGuard(Connection target, @Nullable UnitSights sights) throws SQLException {
        this.target = target;
        this.maker = PooledConnections.withoutVerdicts(target);
        this.sights = sights;
        this.guarded = GuardedResult.proxy(Connection.class, this);
    }

    @Override
    public Connection guarded() {
        return guarded;
    }

    /** What the database has told the handler. */
    HandlerErrors errors() {
        return errors;
    }

    @Override
    public void failed(SQLException error) {
        errors.add(error);
    }

    @Override
    public @Nullable UnitSights sights() {
        return sights;
    }

    /** Ends it; returns what the handler tried to do that is not allowed, empty if nothing. */
    Optional<String> close() {
        lock.lock();
        try {
            open = false;
            statements.closeAll();
            return Optional.ofNullable(violation);
        } finally {
            lock.unlock();
        }
    }

    /** Whether the handler unwrapped the driver's own connection, to COPY for example. */
    boolean isUnwrapped() {
        lock.lock();
        try {
            return unwrapped;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the handler unwrapped the driver's class, which cannot be guarded: its connection must not serve another unit. */
    boolean isUnguarded() {
        lock.lock();
        try {
            return unguarded;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args) throws Throwable {
        String name = method.getName();
        if (method.getDeclaringClass() == Object.class) {
            return switch (name) {
                case "equals" -> args != null && proxy == args[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "the connection of a unit of work";
            };
        }
        lock.lock();
        try {
            return open ? use(name, method, args) : afterTheEnd(name);
        } finally {
            lock.unlock();
        }
    }

    private static @Nullable Object afterTheEnd(String name) {
        return switch (name) {
            // Jdbi closes the connection of its handle.
            case "close" -> null;
            case "isClosed" -> true;
            case "isValid" -> false;
            default -> throw new IllegalStateException("the unit of work that this connection was for has ended");
        };
    }

    @GuardedBy("lock")
    private @Nullable Object use(String name, Method method, @Nullable Object @Nullable [] args) throws Throwable {
        if (name.equals("unwrap") && args != null && args[0] instanceof Class<?> type) {
            return unwrap(type);
        }
        boolean refused = REFUSED.contains(name)
                || (name.equals("rollback") && args == null)
                || (name.equals("setAutoCommit") && args != null && Boolean.TRUE.equals(args[0]));
        if (refused) {
            throw refuse("called " + name + "() on the unit's connection");
        }
        if (args != null && args.length > 0 && args[0] instanceof String sql && name.startsWith("prepare")) {
            check(sql);
        }
        if (!ASKS_NO_SESSION.contains(name)) {
            errors.touch();
        }
        boolean makes = name.startsWith("prepare") || name.equals("createStatement");
        Object result = invokeOn(makes ? maker : target, method, args);
        if (result instanceof Statement statement) {
            statements.add(statement);
        }
        return GuardedResult.of(this, result, null);
    }

    private @Nullable Object invokeOn(Object object, Method method, @Nullable Object @Nullable [] args)
            throws Throwable {
        try {
            return GuardedResult.invokeOn(object, method, args);
        } catch (SQLException e) {
            errors.add(e);
            throw e;
        }
    }

    /** The driver's own interface, guarded like the connection itself; its class, which cannot be guarded, as it is. */
    @GuardedBy("lock")
    private Object unwrap(Class<?> type) throws SQLException {
        if (type.isInstance(guarded)) {
            return guarded;
        }
        unwrapped = true;
        errors.touch();
        Object driver = target.unwrap(type);
        if (driver instanceof BaseConnection base && type.isAssignableFrom(BaseConnection.class)) {
            return GuardedResult.proxy(BaseConnection.class, new DriverGuard(base));
        }
        unguarded = true;
        return driver;
    }

    @Override
    public void check(String sql) {
        if (checked.contains(sql)) {
            return;
        }
        if (TransactionVerbs.endsTransaction(sql)) {
            throw refuse("sent SQL that ends the transaction");
        }
        if (checked.size() < CHECKED_TEXTS) {
            checked.add(sql);
        }
    }

    private RecordFailedException refuse(String what) {
        String tried = "the handler " + what;
        violation = tried;
        return new RecordFailedException(
                ErrorCode.TRANSACTION_BROKEN,
                tried + ": the transaction belongs to Tidemark, which commits it together with the offsets",
                null);
    }

    /** The driver's own interface, to COPY for example. */
    private final class DriverGuard implements InvocationHandler {
        private final BaseConnection driver;

        DriverGuard(BaseConnection driver) {
            this.driver = driver;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
                throws Throwable {
            if (method.getDeclaringClass().isAssignableFrom(Connection.class)) {
                return ConnectionGuard.this.invoke(proxy, method, args);
            }
            lock.lock();
            try {
                if (!open) {
                    return afterTheEnd(method.getName());
                }
                // Each of them calls the connection it was created from whenever it is used, and so ends with the unit.
                return switch (method.getName()) {
                    // It stays with the connection, and hides what failed from the commit.
                    case "setAutosave" -> throw refuse("called setAutosave() on the unit's connection");
                    case "getCopyAPI" -> new CopyManager((BaseConnection) proxy);
                    case "getLargeObjectAPI" -> new LargeObjectManager((BaseConnection) proxy);
                    case "getFastpathAPI" -> new Fastpath((BaseConnection) proxy);
                    default -> ConnectionGuard.this.invokeOn(driver, method, args);
                };
            } finally {
                lock.unlock();
            }
        }
    }
}
