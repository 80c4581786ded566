package dev.tidemark.internal.control;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.schema.StoreIdentity;
import dev.tidemark.internal.store.table.PartitionStateTable;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What must be recorded in the database: halts, released claims, records that a process has survived. Each is tried until it is
 * written or no longer true, whatever happens to the connection in the meantime. Any thread may add; the control thread writes.
 */
final class PendingNotes {
    /** When little time is left, retries are frequent. */
    private static final Backoff CLOSING = new Backoff(Duration.ofMillis(50), Duration.ofMillis(200));

    private final ControlTasks tasks;
    private final ControlConnection connection;
    private final StoreIdentity identity;
    private final ClaimStore store;
    private final PartitionStateTable states;
    private final String owner;

    @GuardedBy("this")
    private final Map<Object, Note> open = new LinkedHashMap<>();

    /** Halts that hold as long as their claims do. */
    @GuardedBy("this")
    private final Map<TopicPartition, Standing> standing = new HashMap<>();

    @GuardedBy("this")
    private final Map<UUID, Claim> released = new LinkedHashMap<>();

    @GuardedBy("this")
    private boolean scheduled;

    @GuardedBy("this")
    private boolean closing;

    @GuardedBy("this")
    private int attempts;

    /** Something to be written. */
    private interface Note {
        /** Writes it, unless it is no longer true; returns false if a row that it needs is locked. */
        boolean write(Connection c) throws SQLException;
    }

    private record Halt(TopicPartition partition) {}

    private record Standing(Claim claim, Note note) {}

    private record Survival(TopicPartition partition, long offset) {}

    /**
     * @param owner the name that this process claims under
     */
    PendingNotes(
            ControlTasks tasks,
            ControlConnection connection,
            StoreIdentity identity,
            ClaimStore store,
            PartitionStateTable states,
            String owner) {
        this.tasks = tasks;
        this.connection = connection;
        this.identity = identity;
        this.store = store;
        this.states = states;
        this.owner = owner;
    }

    /**
     * A partition halted just now.
     *
     * @param claim the claim it was held by; null if its claim was refused
     * @param words why, without data
     */
    void halted(TopicPartition partition, @Nullable Claim claim, ErrorCode code, String words) {
        long since = Host.nanoTime();
        Note note = c -> {
            Duration ago = Duration.ofNanos(Host.nanoTime() - since);
            return store.noteHalt(c, partition, claim, owner, code, words, ago);
        };
        stands(partition, claim, note);
        add(new Halt(partition), note);
    }

    private synchronized void stands(TopicPartition partition, @Nullable Claim claim, Note note) {
        if (claim == null) {
            // Its claim is tried again, and may be made at any moment.
            standing.remove(partition);
        } else {
            standing.put(partition, new Standing(claim, note));
        }
    }

    /**
     * Writes the halts again that the database does not show any more, as after a failover to a server that did not have them yet. Run
     * on the control thread.
     *
     * @param held the claims in force: a halt ends with its claim
     */
    void restate(Map<TopicPartition, Claim> held) throws SQLException {
        Map<TopicPartition, Note> written = written(held);
        if (!written.isEmpty()) {
            Set<TopicPartition> shown = connection.inTransaction(c -> {
                identity.check(c);
                return states.haltedAt(c, written.keySet()).keySet();
            });
            written.keySet().removeAll(shown);
            written.forEach((partition, note) -> add(new Halt(partition), note));
        }
    }

    private synchronized Map<TopicPartition, Note> written(Map<TopicPartition, Claim> held) {
        standing.entrySet().removeIf(halt -> {
            Claim now = held.get(halt.getKey());
            return now == null || !now.token().equals(halt.getValue().claim().token());
        });
        Map<TopicPartition, Note> written = new HashMap<>();
        standing.forEach((partition, halt) -> {
            if (!open.containsKey(new Halt(partition))) {
                written.put(partition, halt.note());
            }
        });
        return written;
    }

    /** These claims are not needed any more. */
    synchronized void released(Collection<Claim> claims) {
        for (Claim claim : claims) {
            released.put(claim.token(), claim);
        }
        schedule();
    }

    /** This process survived a suspected record. */
    void survived(TopicPartition partition, long offset) {
        add(new Survival(partition, offset), c -> {
            store.noteSurvival(c, partition, offset);
            return true;
        });
    }

    private synchronized void add(Object key, Note note) {
        open.put(key, note);
        schedule();
    }

    @GuardedBy("this")
    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            tasks.later(this::write, Duration.ZERO);
        }
    }

    private void write() {
        Duration wait = release();
        for (Map.Entry<Object, Note> entry : wait.isZero() ? due() : List.<Map.Entry<Object, Note>>of()) {
            boolean[] done = {false};
            wait = tasks.guarded(
                    "recording " + entry.getKey(),
                    () -> done[0] = connection.inTransaction(c -> {
                        identity.check(c);
                        return entry.getValue().write(c);
                    }));
            settle(entry, done[0]);
            if (!wait.isZero()) {
                break;
            }
        }
        plan(wait);
    }

    /** Together, since there may be many. */
    private Duration release() {
        List<Claim> claims = toRelease();
        List<Claim> left = new ArrayList<>(claims);
        if (claims.isEmpty()) {
            return Duration.ZERO;
        }
        Duration wait = tasks.guarded(
                "releasing claims",
                () -> left.retainAll(connection.inTransaction(c -> {
                    store.release(c, claims);
                    return store.unreleased(c, claims);
                })));
        claims.removeAll(left);
        forget(claims);
        return wait;
    }

    private synchronized List<Claim> toRelease() {
        return new ArrayList<>(released.values());
    }

    private synchronized void forget(List<Claim> claims) {
        for (Claim claim : claims) {
            released.remove(claim.token());
        }
        Host.notifyAll(this);
    }

    private synchronized List<Map.Entry<Object, Note>> due() {
        List<Map.Entry<Object, Note>> due = new ArrayList<>();
        open.forEach((key, note) -> due.add(Map.entry(key, note)));
        return due;
    }

    /** What could not be written goes to the end, so that nothing else waits for it. */
    private synchronized void settle(Map.Entry<Object, Note> entry, boolean done) {
        boolean still = open.remove(entry.getKey(), entry.getValue());
        if (still && !done) {
            open.put(entry.getKey(), entry.getValue());
        }
        Host.notifyAll(this);
    }

    private synchronized boolean isDone() {
        return open.isEmpty() && released.isEmpty();
    }

    private synchronized void plan(Duration failed) {
        scheduled = !isDone();
        attempts = scheduled ? attempts + 1 : 0;
        if (scheduled) {
            double random = Host.random();
            Duration locked = Backoff.TRANSIENT.after(attempts, random);
            Duration wait = failed.isZero() ? locked : failed;
            Duration hurry = CLOSING.after(attempts, random);
            tasks.later(this::write, closing && wait.compareTo(hurry) > 0 ? hurry : wait);
        }
    }

    /**
     * Waits until all of it is written, trying often.
     *
     * @param end by {@link System#nanoTime}
     * @return whether it is
     */
    synchronized boolean await(long end) {
        closing = true;
        if (!isDone()) {
            tasks.later(this::write, Duration.ZERO);
        }
        try {
            long left = end - Host.nanoTime();
            while (!isDone() && left > 0) {
                Host.wait(this, Math.max(1, left / 1_000_000));
                left = end - Host.nanoTime();
            }
        } catch (InterruptedException e) {
            boolean unused = OwnThread.mayContinue(e);
        }
        return isDone();
    }
}
