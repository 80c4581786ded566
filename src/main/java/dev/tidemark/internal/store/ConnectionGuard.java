package dev.tidemark.internal.store;

import dev.tidemark.ErrorCode;
import dev.tidemark.RecordFailedException;
import dev.tidemark.internal.plan.TransactionVerbs;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The connection as a handler sees it: commit, rollback and close are refused, and an attempt is remembered even if the handler
 * swallows the refusal. Used by one worker thread; between units it refuses everything.
 */
final class ConnectionGuard implements InvocationHandler {
    private static final Set<String> REFUSED =
            Set.of("commit", "close", "abort", "setTransactionIsolation", "setReadOnly", "setNetworkTimeout");
    private static final Set<String> ALWAYS = Set.of("isClosed", "toString", "hashCode", "equals", "isValid");

    private final Connection target;
    private final Connection guarded;
    private boolean open;
    private boolean unwrapped;
    private @Nullable String violation;

    ConnectionGuard(Connection target) {
        this.target = target;
        this.guarded = proxy(Connection.class, this);
    }

    Connection guarded() {
        return guarded;
    }

    void open() {
        open = true;
        unwrapped = false;
        violation = null;
    }

    /** What the handler tried to do that is not its own; empty if nothing. */
    Optional<String> close() {
        open = false;
        return Optional.ofNullable(violation);
    }

    /** Whether the handler took the driver's own connection in the last unit, to COPY for example. */
    boolean isUnwrapped() {
        return unwrapped;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args) throws Throwable {
        String name = method.getName();
        if (name.equals("equals") && args != null) {
            return proxy == args[0];
        }
        if (!open && !ALWAYS.contains(name)) {
            throw new IllegalStateException("the unit of work that this connection was for has ended");
        }
        unwrapped |= name.equals("unwrap");
        boolean refused = REFUSED.contains(name)
                || (name.equals("rollback") && args == null)
                || (name.equals("setAutoCommit") && args != null && Boolean.TRUE.equals(args[0]));
        if (refused) {
            throw refuse("called " + name + "() on the unit's connection");
        }
        if (args != null && args.length > 0 && args[0] instanceof String sql && name.startsWith("prepare")) {
            check(sql);
        }
        Object result = call(target, method, args);
        return name.equals("createStatement") && result instanceof Statement statement
                ? proxy(Statement.class, new StatementGuard(statement))
                : result;
    }

    private void check(String sql) {
        if (TransactionVerbs.endsTransaction(sql)) {
            throw refuse("sent SQL that ends the transaction");
        }
    }

    private RecordFailedException refuse(String what) {
        violation = "the handler " + what;
        return new RecordFailedException(
                ErrorCode.TRANSACTION_BROKEN,
                violation + ": the transaction belongs to Tidemark, which commits it together with the offsets",
                null);
    }

    private static @Nullable Object call(Object target, Method method, @Nullable Object @Nullable [] args)
            throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    /** A plain statement, whose SQL is known only when it is executed. */
    private final class StatementGuard implements InvocationHandler {
        private final Statement statement;

        StatementGuard(Statement statement) {
            this.statement = statement;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
                throws Throwable {
            if (args != null && args.length > 0 && args[0] instanceof String sql) {
                check(sql);
            }
            return method.getName().equals("getConnection") ? guarded : call(statement, method, args);
        }
    }
}
