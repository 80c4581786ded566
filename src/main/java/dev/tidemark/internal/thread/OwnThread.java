package dev.tidemark.internal.thread;

import dev.tidemark.internal.plan.ThreadFacts;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon thread that a consumer started. Only {@link #end} is meant to interrupt it; an interrupt that other code leaves on it is
 * cleared. The static methods are about the current thread and do nothing on a caller's thread.
 */
public final class OwnThread extends Thread {
    private static final Logger LOG = LoggerFactory.getLogger(OwnThread.class);

    private final Object group;
    private final Machine machine;
    private final Runnable work;
    private volatile boolean ending;

    /** What it does was told to stop, and may return as if it had done all of it. */
    private volatile boolean stopping;

    private volatile @Nullable Busy busy;
    private volatile boolean warned;

    /** What its code sees; other code may set another one for itself, and leave it. */
    private final @Nullable ClassLoader loader;

    private record Busy(Step step, long since) {}

    OwnThread(Object group, Machine machine, Runnable work, String name) {
        super(work, name);
        this.group = group;
        this.machine = machine;
        this.work = work;
        this.loader = getContextClassLoader();
        setDaemon(true);
    }

    /** What it runs on. */
    Machine machine() {
        return machine;
    }

    @Override
    public synchronized void start() {
        machine.starting(this);
        super.start();
    }

    @Override
    public void run() {
        machine.run(work);
    }

    @Override
    public void interrupt() {
        machine.interrupting(this);
        super.interrupt();
    }

    /** Interrupts it permanently: from now on its interrupts are not cleared. Any thread may call. */
    public void end() {
        ending = true;
        stopping = true;
        interrupt();
    }

    /** Interrupts what it is doing now, and continues afterwards. Any thread may call. */
    void interruptOnce() {
        warned = true;
        stopping = true;
        interrupt();
    }

    /** It is given something else to do, which nobody has told to stop, unless it is to end. Only while it waits for that. */
    void begin() {
        stopping = ending && stopping;
    }

    /** Whether it waits for another thread, a lock or a time, and not for input or output, which an interrupt may close. */
    boolean isWaiting() {
        State state = getState();
        return state == State.WAITING || state == State.TIMED_WAITING;
    }

    /**
     * Whether what the current thread does was told to stop, by an interrupt that is ours: foreign code may return early because of it,
     * so its result must not be used.
     */
    public static boolean isToldToStop() {
        return Thread.currentThread() instanceof OwnThread own && own.stopping;
    }

    /** What the current thread does; null for a caller's thread. */
    static @Nullable Step step() {
        Busy b = Thread.currentThread() instanceof OwnThread own ? own.busy : null;
        return b == null ? null : b.step();
    }

    /** Announces its end, and leaves the interrupt to the caller. Any thread may call. */
    public void mayEnd() {
        ending = true;
    }

    /** Whether it belongs to these. */
    boolean isOf(Object threads) {
        return group == threads;
    }

    /** Whether it has ended without being asked to. */
    boolean hasDied() {
        return getState() == State.TERMINATED && !ending;
    }

    /** The current thread begins this step. */
    public static void enter(Step step) {
        if (Thread.currentThread() instanceof OwnThread own) {
            own.busy = new Busy(step, own.machine.nanoTime());
        }
    }

    /** The current thread is idle. */
    public static void rest() {
        if (Thread.currentThread() instanceof OwnThread own) {
            own.busy = null;
        }
    }

    /**
     * Clears an interrupt that was not ours, and restores the context class loader: to be called after each call of foreign code, which
     * may leave either changed, and where waiting was interrupted.
     *
     * @return whether the current thread may continue; false if {@link #end} was called, and for a caller's thread that is
     *     interrupted
     */
    public static boolean mayContinue() {
        Thread current = Thread.currentThread();
        if (!(current instanceof OwnThread own)) {
            return !current.isInterrupted();
        }
        if (own.getContextClassLoader() != own.loader) {
            own.setContextClassLoader(own.loader);
        }
        if (own.ending) {
            return false;
        }
        if (Thread.interrupted()) {
            if (own.ending) {
                // It was called in between.
                own.interrupt();
                return false;
            }
            own.warn();
        }
        return true;
    }

    /** As {@link #mayContinue}, after an exception that has cleared the flag: it is set again if this thread must not continue. */
    public static boolean mayContinue(InterruptedException interrupted) {
        if (!(Thread.currentThread() instanceof OwnThread own) || own.ending) {
            Thread.currentThread().interrupt();
            return false;
        }
        LOG.debug("interrupted", interrupted);
        own.warn();
        return mayContinue();
    }

    private void warn() {
        if (!warned) {
            warned = true;
            LOG.warn(
                    "other code interrupted a Tidemark thread, which continues; logged once per thread thread={}",
                    getName());
        }
    }

    ThreadFacts facts(long now) {
        Busy b = busy;
        return new ThreadFacts(
                getName(),
                hasDied(),
                b == null ? Step.RESTING : b.step(),
                b == null ? Duration.ZERO : Duration.ofNanos(now - b.since()));
    }
}
