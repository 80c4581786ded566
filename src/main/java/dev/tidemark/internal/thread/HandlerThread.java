package dev.tidemark.internal.thread;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where foreign code runs for one thread, its owner: on the owner itself at first, and after each {@link #renew} on a new thread, on
 * which no earlier call has left a thread-local variable. The owner waits meanwhile. Used by its owner.
 */
public final class HandlerThread implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofDays(1);

    private final OwnThreads threads;
    private final String name;
    private final UnaryOperator<Runnable> context;

    /** The next one to be started. It inherits what its maker has at this time, so it is made before foreign code runs there. */
    private Calls next;

    private @Nullable Calls current;
    private boolean used;
    private boolean wasUsed;

    /**
     * @param threads those of which the new ones are
     * @param name of the new ones
     * @param context wraps their work
     */
    public HandlerThread(OwnThreads threads, String name, UnaryOperator<Runnable> context) {
        this.threads = threads;
        this.name = name;
        this.context = context;
        this.next = new Calls();
    }

    /** Returns what the work does, or throws what it throws, whichever thread it runs on. */
    public <T> T call(Supplier<T> work) {
        wasUsed = used;
        used = true;
        Calls calls = current;
        return calls == null ? work.get() : calls.call(work);
    }

    /** Whether the last call ran where others had run before. */
    public boolean wasUsed() {
        return wasUsed;
    }

    /** The next call runs on a thread of its own, as do those that follow it. */
    public void renew() {
        if (used || current == null) {
            close();
            Calls started = next;
            threads.start(started.thread);
            next = started.call(Calls::new);
            current = started;
            used = false;
        }
    }

    /** The next call runs on the owner again. */
    public void returnToOwner() {
        close();
        current = null;
        used = true;
    }

    @Override
    public void close() {
        Calls calls = current;
        if (calls != null) {
            calls.end();
        }
    }

    /** One thread that runs what it is given, until it is told to end. */
    private final class Calls implements Runnable {
        private final OwnThread thread = threads.prepare(name, context.apply(this));

        @GuardedBy("this")
        private @Nullable Runnable task;

        @GuardedBy("this")
        private boolean over;

        <T> T call(Supplier<T> work) {
            CompletableFuture<T> result = new CompletableFuture<>();
            give(() -> complete(result, work));
            OwnThread.rest();
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        return Host.get(result, PATIENCE);
                    } catch (InterruptedException e) {
                        if (!OwnThread.mayContinue(e)) {
                            // It is the call that is to end.
                            interrupted |= Thread.interrupted();
                            thread.end();
                        }
                    } catch (ExecutionException e) {
                        throw HandlerThread.<RuntimeException>unchecked(Objects.requireNonNull(e.getCause()));
                    } catch (TimeoutException e) {
                        // A handler may take longer than any patience.
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private <T> void complete(CompletableFuture<T> result, Supplier<T> work) {
            try {
                result.complete(work.get());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        }

        private synchronized void give(Runnable work) {
            task = work;
            Host.notifyAll(this);
        }

        synchronized void end() {
            over = true;
            thread.mayEnd();
            Host.notifyAll(this);
        }

        @Override
        public void run() {
            for (Runnable work = take(); work != null; work = take()) {
                work.run();
                OwnThread.rest();
                boolean unused = OwnThread.mayContinue();
            }
        }

        private synchronized @Nullable Runnable take() {
            boolean interrupted = false;
            while (task == null && !over) {
                try {
                    Host.wait(this, 0);
                } catch (InterruptedException e) {
                    interrupted |= !OwnThread.mayContinue(e) && Thread.interrupted();
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            Runnable taken = task;
            task = null;
            return taken;
        }
    }

    /** Supplied code of other languages throws what is neither an Error nor a RuntimeException. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T unchecked(Throwable any) throws T {
        throw (T) any;
    }
}
