package dev.tidemark.internal.thread;

import dev.tidemark.internal.plan.ThreadFacts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;

/** All threads of one consumer, by name. Thread-safe. */
public final class OwnThreads {
    private final Map<String, OwnThread> threads = new ConcurrentSkipListMap<>();
    private final Machine machine;

    public OwnThreads() {
        this(Machine.REAL);
    }

    /**
     * @param machine what they run on
     */
    public OwnThreads(Machine machine) {
        this.machine = machine;
    }

    /** Creates a thread, in place of one of the same name; the caller starts it. */
    public OwnThread create(String name, Runnable work) {
        OwnThread thread = prepare(name, work);
        threads.put(name, thread);
        return thread;
    }

    /** As {@link #create}, but it is one of them only from its {@link #start} on. */
    OwnThread prepare(String name, Runnable work) {
        return new OwnThread(this, machine, work, name);
    }

    /** Starts one that was prepared. */
    void start(OwnThread prepared) {
        threads.put(prepared.getName(), prepared);
        prepared.start();
    }

    /** It is to end, and not one of them any more. */
    void remove(OwnThread thread) {
        threads.remove(thread.getName(), thread);
    }

    /** Runs tasks at their time, one after the other, on a thread that is made with {@link #create}. */
    public ScheduledExecutorService scheduler(ThreadFactory factory) {
        return machine.scheduler(factory);
    }

    /** On how many processors they run. */
    public int processors() {
        return machine.processors();
    }

    /** Whether the current thread is one of them. */
    public boolean areCurrent() {
        return Thread.currentThread() instanceof OwnThread own && own.isOf(this);
    }

    /** The name of a thread that has ended without being asked to; empty while all of them live. */
    public Optional<String> died() {
        for (OwnThread thread : threads.values()) {
            if (thread.hasDied()) {
                return Optional.of(thread.getName());
            }
        }
        return Optional.empty();
    }

    /** What each of them is doing. */
    public List<ThreadFacts> facts() {
        long now = machine.nanoTime();
        return threads.values().stream().map(thread -> thread.facts(now)).toList();
    }
}
