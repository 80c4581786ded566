package dev.tidemark.simulation;

import dev.tidemark.simulation.Rows.Offset;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL as far as the store depends on it: transactions with row locks, each statement on the newest version of a row once it has
 * its lock, sessions that outlive their clients, commits that nobody hears of, and a history that can be gone back in.
 */
final class Database {
    /** A server that closes the sessions of a client that is gone notices that late. */
    private static final long LONGEST_ORPHAN = 20_000_000_000L;

    /** What moved an offset row in a transaction. */
    enum Cause {
        BIND,
        CLAIM,
        ADVANCE,
        RELEASE,
        HAND
    }

    /**
     * A move of an offset within a transaction.
     *
     * @param token of the claim in whose name it was done
     */
    record Move(
            int partition,
            Cause cause,
            @Nullable Offset before,
            @Nullable Offset after,
            @Nullable UUID token) {}

    /** What a transaction wrote. */
    static final class Commit {
        final Map<Key, Object> before = new LinkedHashMap<>();
        final Map<Key, Object> after;
        final List<Move> moves;

        Commit(Map<Key, Object> after, List<Move> moves) {
            this.after = after;
            this.moves = moves;
        }
    }

    /** One backend. */
    final class Session {
        final SimulatedProcess client;
        final int pid = ++pids;
        private @Nullable Transaction tx;
        private boolean serializable = serializableByDefault;

        /** SQLSTATE of what ended it; null while it lives. */
        private @Nullable String ended;

        private boolean closed;
        private long idleSince = Scheduler.NEVER;
        private boolean watched;

        Session(SimulatedProcess client) {
            this.client = client;
        }

        Transaction transaction() {
            Transaction open = tx;
            if (open == null) {
                open = new Transaction(this);
                tx = open;
            }
            return open;
        }

        private long nextTransactionId() {
            return transactionIds++;
        }

        private NavigableMap<Key, Object> committed() {
            return new TreeMap<>(rows);
        }

        @Nullable
        Transaction open() {
            return tx;
        }

        boolean isClosed() {
            return closed;
        }

        @Nullable
        String ended() {
            return ended;
        }

        boolean isSerializable() {
            return serializable;
        }

        @Override
        public String toString() {
            return "s" + pid;
        }
    }

    static final class Transaction {
        final Session session;
        final long id;
        final Map<Key, Object> writes = new LinkedHashMap<>();
        final List<Move> moves = new ArrayList<>();
        final Set<Key> locks = new LinkedHashSet<>();
        final @Nullable NavigableMap<Key, Object> snapshot;

        @Nullable
        SQLException failed;

        boolean readCommitted;

        /** Whether its last statement waited for a lock. */
        boolean waited;

        long lockTimeout;
        long idleTimeout;

        @Nullable
        Key waitsFor;

        Transaction(Session session) {
            this.session = session;
            this.id = session.nextTransactionId();
            this.snapshot = session.serializable ? session.committed() : null;
        }
    }

    private record Lock(boolean shared, Set<Transaction> holders) {}

    final TreeMap<Key, Object> rows = new TreeMap<>();
    private final Map<Key, Lock> locks = new HashMap<>();
    private final ArrayDeque<Commit> history = new ArrayDeque<>();
    private final Set<Session> sessions = new LinkedHashSet<>();
    private final Scheduler scheduler;
    private final Set<Bug> bugs;
    private final boolean serializableByDefault;
    final Mirror mirror;
    private Consumer<Commit> onCommit = commit -> {};
    private int pids;
    private long transactionIds = 1_000_000_007;
    private long sequence;

    Database(Scheduler scheduler, Set<Bug> bugs, boolean serializable, Mirror mirror) {
        this.mirror = mirror;
        this.scheduler = scheduler;
        this.bugs = bugs;
        this.serializableByDefault = serializable;
    }

    boolean has(Bug bug) {
        return bugs.contains(bug);
    }

    void onCommit(Consumer<Commit> action) {
        onCommit = action;
    }

    long nextSequence() {
        return ++sequence;
    }

    Session connect(SimulatedProcess client) {
        Session session = new Session(client);
        sessions.add(session);
        return session;
    }

    Collection<Session> sessions() {
        return new ArrayList<>(sessions);
    }

    // Rows.

    @Nullable
    Object read(Transaction tx, Key key) {
        if (tx.writes.containsKey(key)) {
            return tx.writes.get(key);
        }
        return tx.snapshot != null && !tx.readCommitted ? tx.snapshot.get(key) : rows.get(key);
    }

    /** The rows of a table, of one partition or of all (-1), in the order of their keys. */
    Map<Key, Object> scan(Transaction tx, Key.Table table, int partition) {
        NavigableMap<Key, Object> from = tx.snapshot != null && !tx.readCommitted ? tx.snapshot : rows;
        TreeMap<Key, Object> found = new TreeMap<>(
                partition < 0
                        ? from.subMap(
                                new Key(table, 0, Long.MIN_VALUE), new Key(table, Integer.MAX_VALUE, Long.MAX_VALUE))
                        : from.subMap(
                                new Key(table, partition, Long.MIN_VALUE), new Key(table, partition, Long.MAX_VALUE)));
        tx.writes.forEach((key, row) -> {
            if (key.table() == table && (partition < 0 || key.partition() == partition)) {
                if (row == null) {
                    found.remove(key);
                } else {
                    found.put(key, row);
                }
            }
        });
        return found;
    }

    void write(Transaction tx, Key key, @Nullable Object row) {
        tx.writes.put(key, row);
    }

    void move(Transaction tx, int partition, Cause cause, Offset after, @Nullable UUID token) {
        Key key = Key.offset(partition);
        Offset before = (Offset) read(tx, key);
        tx.moves.add(new Move(partition, cause, before, after, token));
        write(tx, key, after);
    }

    // Locks.

    boolean isFree(Transaction tx, Key key, boolean shared) {
        Lock lock = locks.get(key);
        if (lock == null) {
            return true;
        }
        return lock.holders().stream().allMatch(holder -> holder == tx) || (shared && lock.shared());
    }

    boolean isUnlocked(Key key) {
        return !locks.containsKey(key);
    }

    /**
     * Locks a row, and waits for that if it has to.
     *
     * @return the row as it is then; null if there is none
     */
    @Nullable
    Object lock(Transaction tx, Key key, boolean shared) throws SQLException {
        if (!isFree(tx, key, shared)) {
            awaitLock(tx, key, shared);
        }
        Lock lock = locks.get(key);
        if (lock == null) {
            locks.put(key, new Lock(shared, new LinkedHashSet<>(Set.of(tx))));
        } else {
            lock.holders().add(tx);
            if (lock.shared() && !shared) {
                locks.put(key, new Lock(false, lock.holders()));
            }
        }
        tx.locks.add(key);
        if (tx.snapshot != null
                && !tx.readCommitted
                && !tx.writes.containsKey(key)
                && !Objects.equals(tx.snapshot.get(key), rows.get(key))) {
            throw SqlError.server("40001", false);
        }
        return tx.writes.containsKey(key) ? tx.writes.get(key) : rows.get(key);
    }

    private void awaitLock(Transaction tx, Key key, boolean shared) throws SQLException {
        tx.waitsFor = key;
        tx.waited = true;
        try {
            if (isDeadlock(tx, tx, new HashSet<>())) {
                throw SqlError.server("40P01", false);
            }
            scheduler.note(() -> tx.session + " waits for " + key);
            long until = tx.lockTimeout == 0 ? Scheduler.NEVER : scheduler.now() + tx.lockTimeout * 1_000_000;
            Session session = tx.session;
            scheduler.block(until, () -> isFree(tx, key, shared) || session.ended != null || session.tx != tx, null);
            if (session.ended != null || session.tx != tx) {
                throw ending(session);
            }
            if (!isFree(tx, key, shared)) {
                throw SqlError.server("55P03", false);
            }
        } finally {
            tx.waitsFor = null;
        }
    }

    private boolean isDeadlock(Transaction tx, Transaction waiting, Set<Transaction> seen) {
        Key key = waiting.waitsFor;
        Lock lock = key == null ? null : locks.get(key);
        if (lock == null || !seen.add(waiting)) {
            return false;
        }
        for (Transaction holder : lock.holders()) {
            if (holder != waiting && (holder == tx || isDeadlock(tx, holder, seen))) {
                return true;
            }
        }
        return false;
    }

    /** Why a statement of a session that has ended fails. */
    SQLException ending(Session session) {
        String state = session.ended;
        session.closed = true;
        return state == null || state.equals("08006") ? SqlError.lost() : SqlError.server(state, true);
    }

    // Ends of transactions.

    void commit(Session session) {
        Transaction tx = session.tx;
        if (tx == null) {
            return;
        }
        if (tx.failed != null) {
            rollback(session);
            return;
        }
        Commit commit = new Commit(tx.writes, tx.moves);
        commit.after.forEach((key, row) -> {
            commit.before.put(key, rows.get(key));
            if (row == null) {
                rows.remove(key);
            } else {
                rows.put(key, row);
            }
        });
        release(tx);
        session.tx = null;
        mirror.committed(session);
        if (!commit.after.isEmpty()) {
            history.addLast(commit);
            onCommit.accept(commit);
        }
    }

    void rollback(Session session) {
        Transaction tx = session.tx;
        if (tx != null) {
            release(tx);
            session.tx = null;
            mirror.rolledBack(session);
        }
    }

    private void release(Transaction tx) {
        for (Key key : tx.locks) {
            Lock lock = locks.get(key);
            if (lock != null && lock.holders().remove(tx) && lock.holders().isEmpty()) {
                locks.remove(key);
            }
        }
    }

    void committedAt(Session session, long delay) {
        scheduler.note(() -> session + ": its commit will land");
        scheduler.after(delay, () -> {
            if (session.ended == null || session.ended.equals("late")) {
                scheduler.note(() -> session + ": its commit lands late");
                commit(session);
                end(session, "08006");
            }
        });
        session.ended = "late";
        session.closed = true;
    }

    /** The client is gone: the backend notices that some time. */
    void orphan(Session session) {
        session.closed = true;
        if (session.ended == null) {
            if (session.tx == null) {
                end(session, "08006");
            } else {
                scheduler.note(() -> session + " is orphaned");
                scheduler.after((long) (scheduler.random.nextDouble() * LONGEST_ORPHAN), () -> end(session, "08006"));
            }
        }
    }

    /** Ends a backend, and with it its transaction. */
    void end(Session session, String state) {
        if (session.tx != null) {
            rollback(session);
        }
        if (session.ended == null || session.ended.equals("late")) {
            session.ended = state;
        }
        sessions.remove(session);
        mirror.ended(session);
    }

    /** The statement is over: from now on the backend waits for its client. */
    void idle(Session session) {
        Transaction tx = session.tx;
        session.idleSince = scheduler.now();
        if (tx != null && tx.idleTimeout > 0 && !session.watched) {
            session.watched = true;
            watch(session, tx.idleTimeout * 1_000_000);
        }
    }

    private void watch(Session session, long delay) {
        scheduler.after(delay, () -> {
            Transaction tx = session.tx;
            session.watched = false;
            if (tx == null || session.ended != null || tx.idleTimeout == 0) {
                return;
            }
            long left = session.idleSince + tx.idleTimeout * 1_000_000 - scheduler.now();
            if (tx.waitsFor != null || left > 0) {
                session.watched = true;
                watch(session, tx.waitsFor != null ? tx.idleTimeout * 1_000_000 : left);
            } else {
                scheduler.note(() -> session + " was idle in its transaction for too long");
                end(session, "25P03");
            }
        });
    }

    void killed(SimulatedProcess process) {
        for (Session session : sessions()) {
            if (session.client == process) {
                orphan(session);
            }
        }
    }

    /** A crash: open transactions are gone. */
    void restart(String state) {
        for (Session session : sessions()) {
            end(session, state);
        }
    }

    /** The last commits are lost; returns how many. */
    int goBack(int commits) {
        restart("57P01");
        int lost = 0;
        while (lost < commits && !history.isEmpty()) {
            Commit last = history.removeLast();
            last.before.forEach((key, row) -> {
                if (row == null) {
                    rows.remove(key);
                } else {
                    rows.put(key, row);
                }
            });
            lost++;
        }
        return lost;
    }

    /** A backup cannot be older than this. */
    void forgetHistory() {
        history.clear();
    }

    @Nullable
    Offset offset(int partition) {
        return (Offset) rows.get(Key.offset(partition));
    }

    Rows.@Nullable Binding binding() {
        return (Rows.Binding) rows.get(Key.BINDING);
    }
}
