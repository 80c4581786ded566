package dev.tidemark.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time, and the one thread of all that runs. Production code has threads that block, so each has a real one here; but one only
 * goes on when it is given the turn, and gives it away where it waits or calls a server. Which one is next, the seed decides.
 */
final class Scheduler {
    static final long NEVER = Long.MAX_VALUE;
    private static final double STAYS = 0.88;

    /** One thread of a simulated process. */
    static final class Task {
        final SimulatedProcess process;
        final Thread thread;
        private final Semaphore turn = new Semaphore(0);
        private volatile boolean hasTurn;
        private @Nullable Object monitor;
        private @Nullable BooleanSupplier ready;
        private long wakeAt = NEVER;
        private boolean blocked;
        private boolean notified;
        private boolean interrupted;
        private boolean done;

        Task(SimulatedProcess process, Thread thread) {
            this.process = process;
            this.thread = thread;
        }

        boolean isDone() {
            return done;
        }

        @Override
        public String toString() {
            return process.name + "/" + thread.getName();
        }
    }

    private record Event(long at, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    final Random random;
    private final List<Task> tasks = new ArrayList<>();
    private final Map<Thread, Task> byThread = new ConcurrentHashMap<>();
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Semaphore over = new Semaphore(0);
    private final @Nullable StringBuilder trace;
    private final List<Task> eligible = new ArrayList<>();
    private Runnable onStep = () -> {};
    private long now = 1_000_000_000_000L;
    private long steps;
    private long switches;
    private long eventNumber;
    private long digest = 17;
    private @Nullable Task current;
    private boolean ending;

    Scheduler(long seed, boolean traced) {
        this.random = new Random(seed);
        this.trace = traced ? new StringBuilder() : null;
    }

    long now() {
        return now;
    }

    long steps() {
        return steps;
    }

    long digest() {
        return digest;
    }

    String trace() {
        return trace == null ? "" : trace.toString();
    }

    /** Called with each step, by the thread that has the turn. */
    void onStep(Runnable action) {
        onStep = action;
    }

    void note(Supplier<String> what) {
        if (trace != null) {
            trace.append(String.format(
                    java.util.Locale.ROOT,
                    "%7d %10.4f %-28s %s%n",
                    steps,
                    now / 1e9 - 1000,
                    current == null ? "" : current,
                    what.get()));
        }
    }

    /** Makes something happen at a time. */
    void at(long when, Runnable action) {
        events.add(new Event(Math.max(when, now), eventNumber++, action));
    }

    void after(long nanos, Runnable action) {
        at(now + nanos, action);
    }

    /** Runs what was started until nothing is left of it. */
    void run() {
        Task first = next();
        if (first != null) {
            give(first);
            over.acquireUninterruptibly();
        }
    }

    /** From now on everything is being killed, and this ends when no thread is left. */
    void end() {
        ending = true;
    }

    boolean isEnding() {
        return ending;
    }

    Task add(SimulatedProcess process, Thread thread) {
        Task task = new Task(process, thread);
        tasks.add(task);
        byThread.put(thread, task);
        return task;
    }

    @Nullable
    Task of(Thread thread) {
        return byThread.get(thread);
    }

    @Nullable
    Task current() {
        return current;
    }

    /** The whole life of a thread. */
    void live(Runnable work) {
        Task me = Objects.requireNonNull(byThread.get(Thread.currentThread()));
        awaitTurn(me);
        try {
            if (!me.process.dead) {
                work.run();
            }
        } catch (Killed e) {
            note(() -> "is gone");
        } finally {
            me.done = true;
            tasks.remove(me);
            Task next = next();
            current = next;
            if (next == null) {
                over.release();
            } else {
                give(next);
            }
        }
    }

    long switches() {
        return switches;
    }

    private void give(Task task) {
        switches++;
        current = task;
        Object monitor = task.monitor;
        if (monitor == null) {
            task.turn.release();
        } else {
            synchronized (monitor) {
                task.hasTurn = true;
                monitor.notifyAll();
            }
        }
    }

    @SuppressWarnings("WaitNotInLoop")
    private void awaitTurn(Task me) {
        Object monitor = me.monitor;
        if (monitor == null) {
            me.turn.acquireUninterruptibly();
            return;
        }
        boolean interrupted = false;
        synchronized (monitor) {
            while (!me.hasTurn) {
                try {
                    monitor.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            me.hasTurn = false;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void switchTo(Task me, Task next) {
        if (next != me) {
            give(next);
            awaitTurn(me);
        }
    }

    /** A point at which another thread may go on. */
    void step(String what) {
        Task me = me();
        steps++;
        now += 1 + random.nextInt(200_000);
        digest = digest * 31 + what.hashCode() + me.process.number * 7919L;
        note(() -> what);
        dueEvents();
        onStep.run();
        if (me.process.dead || !isEligible(me) || random.nextDouble() >= STAYS) {
            switchTo(me, Objects.requireNonNull(next()));
        }
        if (me.process.dead) {
            throw new Killed();
        }
    }

    /** Waits until that time, until what it waits for is there, or until it is notified. */
    void block(long until, @Nullable BooleanSupplier ready, @Nullable Object monitor) {
        Task me = me();
        me.blocked = true;
        me.notified = false;
        me.interrupted = Thread.currentThread().isInterrupted();
        me.wakeAt = until;
        me.ready = ready;
        me.monitor = monitor;
        Task next = Objects.requireNonNull(next());
        if (next != me) {
            give(next);
            awaitTurn(me);
        }
        me.monitor = null;
        me.blocked = false;
        me.ready = null;
        me.wakeAt = NEVER;
        if (me.process.dead) {
            throw new Killed();
        }
    }

    boolean isNotified() {
        return me().notified;
    }

    private Task me() {
        Task me = current;
        if (me == null || me.thread != Thread.currentThread()) {
            throw new IllegalStateException(Thread.currentThread() + " runs out of turn, it is that of " + me);
        }
        if (me.process.dead) {
            throw new Killed();
        }
        return me;
    }

    void notifyAll(Object monitor) {
        for (Task task : tasks) {
            if (task.blocked && task.monitor == monitor) {
                task.notified = true;
            }
        }
    }

    void notify(Task task) {
        task.notified = true;
    }

    void interrupt(Task task) {
        task.interrupted = true;
    }

    private boolean isEligible(Task task) {
        if (task.process.dead) {
            return true;
        }
        if (task.process.stopped) {
            return false;
        }
        return !task.blocked
                || task.notified
                || task.interrupted
                || task.wakeAt <= now
                || (task.ready != null && task.ready.getAsBoolean());
    }

    private void dueEvents() {
        while (!events.isEmpty() && events.element().at() <= now) {
            events.remove().action().run();
        }
    }

    /** The thread that goes on, after a jump of the time if none can now; null if none is left. */
    private @Nullable Task next() {
        while (true) {
            if (tasks.isEmpty() && (ending || events.isEmpty())) {
                return null;
            }
            eligible.clear();
            for (Task task : tasks) {
                if (isEligible(task)) {
                    eligible.add(task);
                }
            }
            if (!eligible.isEmpty()) {
                return eligible.get(random.nextInt(eligible.size()));
            }
            long soonest = events.isEmpty() ? NEVER : events.element().at();
            for (Task task : tasks) {
                if (!task.process.stopped) {
                    soonest = Math.min(soonest, task.wakeAt);
                }
            }
            if (soonest == NEVER) {
                throw new IllegalStateException("nothing will ever happen again: " + tasks);
            }
            now = Math.max(now, soonest);
            dueEvents();
        }
    }
}
