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
 * thread, on which no earlier call has left a thread-local variable. If that succeeds, the following ones stay there; if it fails in
 * the same way, they are where the earlier ones were, with whatever belongs to that thread, such as a connection. If it fails in
 * another way, or takes too long, that says nothing but about the new thread. The owner waits meanwhile. Used by its owner.
 */
public final class HandlerThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerThread.class);

    /**
     * How long what is cancelled at its deadline has to end. Only then has its failure, on a new thread as on the old one, been that it
     * takes too long.
     */
    public static final Duration AFTER_CANCEL = Duration.ofSeconds(3);

    private static final Duration FOR_EVER = Duration.ofDays(1);

    /** How often it is looked whether a call that takes too long may be interrupted. */
    private static final Duration AGAIN = Duration.ofSeconds(1);

    /** After so many new threads in a row that showed nothing, what fails on the old one is judged as it is. */
    private static final int MOST_IN_VAIN = 3;

    /** In what way a call ended, for what follows it. */
    public enum Way {
        /** As it should. */
        SUCCEEDED,
        /** For what it got, or for want of something where it ran. */
        FAILED,
        /** For want of something that may be there soon, or only elsewhere. */
        FAILED_FOR_NOW,
        /** For another reason: it must not be repeated elsewhere. */
        OTHER
    }

    /**
     * How a call ended.
     *
     * @param failure what makes two failures alike; empty if it has not failed
     */
    public record End(Way way, String failure) {}

    private final OwnThreads threads;
    private final String name;
    private final Duration patience;
    private final UnaryOperator<Runnable> context;

    /** The next one to be started. It inherits what its maker has at this time, so it is made before foreign code runs there. */
    private Calls next;

    /** Where calls run that need no new thread; the owner if null. */
    private @Nullable Calls usual;

    private @Nullable Calls fresh;

    /** How the call failed that the new thread is for. */
    private String expected = "";

    private boolean wasUsed;
    private int inVain;
    private int made;

    /**
     * @param threads those of which the new ones are
     * @param name of the new ones, before their number
     * @param patience how long a call may take on a new one, before it is interrupted there and shows nothing
     * @param context wraps their work
     */
    public HandlerThread(OwnThreads threads, String name, Duration patience, UnaryOperator<Runnable> context) {
        this.threads = threads;
        this.name = name;
        this.patience = patience;
        this.context = context;
        this.next = new Calls();
    }

    /** Returns what the work does, or throws what it throws, where the usual calls run. */
    public <T> T call(Supplier<T> work) {
        wasUsed = true;
        Calls calls = usual;
        return calls == null ? work.get() : calls.call(work, FOR_EVER);
    }

    /**
     * As {@link #call(Supplier)}, but on the new thread if there is one. What shows nothing there is repeated where the usual calls run.
     *
     * @param end how it ended
     * @param beforeRepeated runs before it is repeated
     */
    public <T> T call(Supplier<T> work, Function<T, End> end, Runnable beforeRepeated) {
        Calls trial = fresh;
        if (trial == null) {
            return call(work);
        }
        wasUsed = false;
        fresh = null;
        boolean stays = false;
        T result;
        End ended;
        try {
            result = trial.call(work, patience);
            ended = end.apply(result);
            stays = ended.way() == Way.SUCCEEDED;
        } finally {
            close(stays ? usual : trial);
        }
        usual = stays ? trial : usual;
        boolean failed = ended.way() == Way.FAILED || ended.way() == Way.FAILED_FOR_NOW;
        boolean shows = !failed || (isExpected(ended) && !trial.wasInterrupted());
        if (shows) {
            inVain = 0;
            return result;
        }
        beforeRepeated.run();
        T repeated = call(work);
        inVain += end.apply(repeated).way() == Way.FAILED ? 1 : 0;
        wasUsed = inVain < MOST_IN_VAIN;
        if (inVain == MOST_IN_VAIN) {
            LOG.warn(
                    "the handler fails differently on new threads, so that what earlier records left on its own cannot be told"
                            + " from what is wrong with a record: does it need what only its first thread has? thread={}",
                    name);
        }
        return repeated;
    }

    private boolean isExpected(End end) {
        return end.way() == Way.FAILED && end.failure().equals(expected);
    }

    /** Whether the last call ran where others had run before, and the next one need not. */
    public boolean wasUsed() {
        return wasUsed;
    }

    /**
     * The next call that may be repeated runs on a new thread.
     *
     * @param failure how it has failed on the other one
     */
    public void renew(String failure) {
        expected = failure;
        if (fresh == null) {
            Calls started = next;
            threads.start(started.thread);
            next = started.call(Calls::new, FOR_EVER);
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
        private final OwnThread thread = threads.prepare(name + "-" + ++made, context.apply(this));
        private boolean wasInterrupted;

        @GuardedBy("this")
        private @Nullable Runnable task;

        @GuardedBy("this")
        private boolean over;

        <T> T call(Supplier<T> work, Duration most) {
            CompletableFuture<T> result = new CompletableFuture<>();
            Step step = OwnThread.step();
            OwnThread.rest();
            thread.begin();
            give(() -> complete(result, work, step));
            boolean interrupted = false;
            Duration patience = most;
            try {
                while (true) {
                    try {
                        return Host.get(result, patience);
                    } catch (InterruptedException e) {
                        if (!OwnThread.mayContinue(e)) {
                            // It is the call that is to end.
                            interrupted |= Thread.interrupted();
                            thread.end();
                        }
                    } catch (ExecutionException e) {
                        throw Unchecked.rethrow(Objects.requireNonNull(e.getCause()));
                    } catch (TimeoutException e) {
                        // Usual calls may take longer than any time.
                        patience = AGAIN;
                        if (!most.equals(FOR_EVER) && !wasInterrupted && thread.isWaiting()) {
                            wasInterrupted = true;
                            LOG.warn(
                                    "a record that failed was tried on a new thread, and has not ended there in time: it is"
                                            + " interrupted, to be tried on the old one again thread={} seconds={}",
                                    thread.getName(),
                                    most.toSeconds());
                            thread.interruptOnce();
                        }
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

        private <T> void complete(CompletableFuture<T> result, Supplier<T> work, @Nullable Step step) {
            // Whoever looks sees it here now.
            if (step != null) {
                OwnThread.enter(step);
            }
            try {
                result.complete(work.get());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        }

        boolean wasInterrupted() {
            return wasInterrupted;
        }

        private synchronized void give(Runnable work) {
            task = work;
            Host.notifyAll(this);
        }

        synchronized void end() {
            over = true;
            thread.mayEnd();
            threads.remove(thread);
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
