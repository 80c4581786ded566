package dev.tidemark.internal.thread;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where foreign code runs for one thread, its owner: on the owner itself at first. A call that failed there can be repeated on a new
 * thread, on which no earlier call has left a thread-local variable. If that succeeds, the following ones stay there; if not, they are
 * where the earlier ones were, with whatever belongs to that thread, such as a connection. The owner waits meanwhile. Used by its owner.
 */
public final class HandlerThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerThread.class);

    private static final Duration PATIENCE = Duration.ofDays(1);

    /** After so many calls in a row that could not get what they needed on a new thread, although there was some on the other. */
    private static final int MOST_IN_VAIN = 3;

    /** How a call ended, for what follows it. */
    public enum End {
        /** As it should. */
        SUCCEEDED,
        /** For what it got. */
        FAILED,
        /** For want of something, such as a connection. */
        LACKED,
        /** For another reason, which says nothing. */
        OTHER
    }

    private final OwnThreads threads;
    private final String name;
    private final UnaryOperator<Runnable> context;

    /** The next one to be started. It inherits what its maker has at this time, so it is made before foreign code runs there. */
    private Calls next;

    /** Where calls run that need no new thread; the owner if null. */
    private @Nullable Calls usual;

    private @Nullable Calls fresh;
    private boolean wasUsed;
    private int inVain;

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
        return call(work, ignored -> End.OTHER);
    }

    /**
     * As {@link #call(Supplier)}.
     *
     * @param end how it ended
     */
    public <T> T call(Supplier<T> work, Function<T, End> end) {
        Calls trial = fresh;
        wasUsed = trial == null && !isGivenUp();
        if (trial == null) {
            Calls calls = usual;
            return calls == null ? work.get() : calls.call(work);
        }
        End ended = End.OTHER;
        try {
            T result = trial.call(work);
            ended = end.apply(result);
            return result;
        } finally {
            settle(trial, ended);
        }
    }

    private void settle(Calls trial, End ended) {
        fresh = null;
        if (ended == End.SUCCEEDED) {
            close(usual);
            usual = trial;
        } else {
            close(trial);
        }
        if (ended == End.LACKED) {
            inVain++;
            if (isGivenUp()) {
                LOG.warn(
                        "the handler lacks something on new threads that it has on the first: from now on, records that fail are judged"
                                + " without a try on a new thread thread={}",
                        name);
            }
        } else if (ended != End.OTHER) {
            inVain = 0;
        }
    }

    private boolean isGivenUp() {
        return inVain >= MOST_IN_VAIN;
    }

    /** Whether the last call ran where others had run before, and the next one need not. */
    public boolean wasUsed() {
        return wasUsed;
    }

    /** The next call runs on a new thread. */
    public void renew() {
        if (fresh == null && !isGivenUp()) {
            Calls started = next;
            threads.start(started.thread);
            next = started.call(Calls::new);
            fresh = started;
        }
    }

    @Override
    public void close() {
        close(fresh);
        close(usual);
    }

    private static void close(@Nullable Calls calls) {
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
                        throw Unchecked.rethrow(Objects.requireNonNull(e.getCause()));
                    } catch (TimeoutException e) {
                        // A handler may take longer than any patience.
                    }
                }
            } finally {
                // What the owner does next is foreign code, too: failure policies and listeners.
                OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
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
}
