package dev.tidemark.internal.unit;

import dev.tidemark.TidemarkListener.Unit;
import dev.tidemark.UnitInterceptor;
import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.thread.OwnThread;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All interceptors around a transaction, which runs once and whose result does not depend on what they do. Thread-safe. */
public final class SafeInterceptors {
    private static final Logger LOG = LoggerFactory.getLogger(SafeInterceptors.class);

    private final String groupId;
    private final List<UnitInterceptor> interceptors;
    private final Set<Class<?>> failed = ConcurrentHashMap.newKeySet();

    public SafeInterceptors(String groupId, List<UnitInterceptor> interceptors) {
        this.groupId = groupId;
        this.interceptors = interceptors;
    }

    /**
     * Runs a transaction inside them.
     *
     * @param toUnit makes what the interceptors get at its end
     */
    UnitOutcome around(Supplier<UnitOutcome> transaction, Function<UnitOutcome, Unit> toUnit) {
        if (interceptors.isEmpty()) {
            return transaction.get();
        }
        Run run = new Run(transaction, toUnit);
        Unit unused = run.from(0);
        return run.outcome();
    }

    private final class Run {
        private final Supplier<UnitOutcome> transaction;
        private final Function<UnitOutcome, Unit> toUnit;
        private final Thread worker = Thread.currentThread();
        private boolean begun;
        private @Nullable UnitOutcome outcome;
        private @Nullable Unit end;
        private @Nullable Throwable thrown;

        Run(Supplier<UnitOutcome> transaction, Function<UnitOutcome, Unit> toUnit) {
            this.transaction = transaction;
            this.toUnit = toUnit;
        }

        UnitOutcome outcome() {
            UnitOutcome known = outcome;
            if (known == null) {
                throw new IllegalStateException("the transaction did not run");
            }
            return known;
        }

        private Unit from(int index) {
            if (index == interceptors.size()) {
                return run();
            }
            UnitInterceptor interceptor = interceptors.get(index);
            try {
                interceptor.aroundTransaction(new Once(index + 1));
            } catch (Throwable e) {
                Fatal.rethrow(e);
                if (e == thrown) {
                    throw e;
                }
                report(interceptor, e.getClass().getSimpleName());
            } finally {
                boolean unused = OwnThread.mayContinue();
            }
            Throwable failure = thrown;
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure instanceof RuntimeException runtime) {
                throw runtime;
            }
            Unit ended = end;
            if (ended == null) {
                report(interceptor, "it did not run the transaction");
                return from(index + 1);
            }
            return ended;
        }

        private Unit run() {
            begun = true;
            try {
                UnitOutcome ended = transaction.get();
                outcome = ended;
                Unit unit = toUnit.apply(ended);
                end = unit;
                return unit;
            } catch (Throwable e) {
                thrown = e;
                throw e;
            }
        }

        /** What one interceptor gets: the next one, or the transaction itself. */
        private final class Once implements UnitInterceptor.Transaction {
            private final int next;
            private boolean used;

            Once(int next) {
                this.next = next;
            }

            @Override
            public String groupId() {
                return groupId;
            }

            @Override
            public Unit run() {
                if (Thread.currentThread() != worker) {
                    // An interceptor that returned in the meantime would have it run a second time.
                    throw new IllegalStateException("a transaction runs on the thread that called the interceptor");
                }
                if (used || begun) {
                    throw new IllegalStateException("a transaction runs once");
                }
                used = true;
                return from(next);
            }
        }
    }

    private void report(UnitInterceptor interceptor, String what) {
        if (failed.add(interceptor.getClass())) {
            LOG.warn(
                    "an interceptor failed around a transaction, which is ignored from now on group={} interceptor={} cause=\"{}\"",
                    groupId,
                    interceptor.getClass().getName(),
                    what);
        }
    }
}
