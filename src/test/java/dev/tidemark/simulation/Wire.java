package dev.tidemark.simulation;

import dev.tidemark.simulation.Database.Session;
import dev.tidemark.simulation.Database.Transaction;
import dev.tidemark.simulation.Statements.Kind;
import dev.tidemark.simulation.Statements.Result;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The connections between processes and the database, and what happens to them. */
final class Wire {
    /** What becomes of the next COMMIT. */
    enum CommitFault {
        /** It never arrives, and the client hears of it at once. */
        CUT_BEFORE,
        /** It takes effect, and its reply is lost. */
        CUT_AFTER,
        /** It takes effect some time after the client has given up. */
        LATE,
        /** It is lost, and the backend keeps its locks for a while. */
        NEVER,
        /** The server is shut down after it took effect. */
        SHUTDOWN_AFTER,
        /** The server is shut down before. */
        SHUTDOWN_BEFORE,
        /** The server refuses it. */
        REFUSED
    }

    private final Database database;
    private final Statements statements;
    private final Scheduler scheduler;
    private final Map<String, Kind> kinds = new HashMap<>();
    private final Set<Long> refusedRecords = new HashSet<>();

    /** Until when connections are refused. */
    long away;

    @Nullable
    CommitFault commitFault;

    String commitRefusal = "40001";

    /** What the next statement of the store is refused with. */
    @Nullable
    String storeRefusal;

    /** What the next statement of a handler is refused with. */
    @Nullable
    String handlerRefusal;

    /** Whether the next statement's reply is lost. */
    boolean replyLost;

    Runnable onFault = () -> {};

    Wire(Database database, Statements statements, Scheduler scheduler) {
        this.database = database;
        this.statements = statements;
        this.scheduler = scheduler;
    }

    Client connect(SimulatedProcess process) throws SQLException {
        scheduler.step("connect");
        if (scheduler.now() < away) {
            throw scheduler.random.nextInt(4) == 0 ? SqlError.server("57P03", true) : SqlError.refused();
        }
        return new Client(database.connect(process));
    }

    /** A client's side of a session. */
    final class Client {
        private final Session session;
        private boolean cut;

        Client(Session session) {
            this.session = session;
        }

        private void check() throws SQLException {
            if (session.client.dead) {
                throw new Killed();
            }
            if (cut || session.isClosed()) {
                cut = true;
                throw SqlError.closed();
            }
            if (session.ended() != null) {
                cut = true;
                throw database.ending(session);
            }
        }

        Result execute(String sql, @Nullable Object[] parameters) throws SQLException {
            check();
            Kind kind = kinds.computeIfAbsent(sql, statements::kind);
            if (kind.interesting()) {
                scheduler.step(kind.name());
                check();
            }
            if (kind.name().startsWith("advance") && database.has(Bug.ADVANCE_IN_ITS_OWN_TRANSACTION)) {
                database.commit(session);
            }
            Transaction tx = session.transaction();
            if (tx.failed != null) {
                throw SqlError.failedTransaction(tx.failed);
            }
            try {
                refuse(kind, parameters);
                Result result = run(kind, sql, tx, parameters);
                if (replyLost && kind.interesting()) {
                    replyLost = false;
                    onFault.run();
                    scheduler.note(() -> session + ": the reply to " + kind.name() + " is lost");
                    cut = true;
                    database.orphan(session);
                    throw SqlError.lost();
                }
                database.idle(session);
                return result;
            } catch (SQLException e) {
                scheduler.note(() -> session + ": " + kind.name() + " failed with " + e.getSQLState());
                if (session.open() == tx && tx.failed == null) {
                    tx.failed = e;
                }
                database.idle(session);
                throw e;
            }
        }

        private Result run(Kind kind, String sql, Transaction tx, @Nullable Object[] parameters) throws SQLException {
            tx.waited = false;
            Result result;
            try {
                result = kind.meaning().run(session, tx, parameters);
            } catch (SQLException e) {
                if (session.open() == tx) {
                    database.mirror.failed(session, kind, sql, parameters, e);
                }
                throw e;
            }
            database.mirror.executed(session, kind, sql, parameters, result);
            return result;
        }

        private void refuse(Kind kind, @Nullable Object[] parameters) throws SQLException {
            String state = kind.handlers() ? handlerRefusal : storeRefusal;
            if (state == null || !kind.interesting()) {
                return;
            }
            // A record that fails twice would fail by itself.
            if (kind.handlers() && (!kind.name().equals("effect") || !refusedRecords.add((Long) parameters[2]))) {
                return;
            }
            handlerRefusal = kind.handlers() ? null : handlerRefusal;
            storeRefusal = kind.handlers() ? storeRefusal : null;
            onFault.run();
            if (state.startsWith("57P0") || state.startsWith("08")) {
                cut = true;
                database.end(session, state);
                throw state.startsWith("08") ? SqlError.lost() : SqlError.server(state, true);
            }
            database.mirror.refused(session);
            throw SqlError.server(state, false);
        }

        void commit() throws SQLException {
            check();
            Transaction tx = session.open();
            if (tx == null) {
                return;
            }
            scheduler.step("commit");
            check();
            CommitFault fault = tx.writes.isEmpty() || tx.failed != null ? null : commitFault;
            if (fault == null) {
                commitNow();
                return;
            }
            commitFault = null;
            onFault.run();
            scheduler.note(() -> session + ": commit " + fault);
            switch (fault) {
                case CUT_BEFORE -> {
                    database.end(session, "08006");
                    throw lost();
                }
                case CUT_AFTER -> {
                    commitNow();
                    database.end(session, "08006");
                    throw lost();
                }
                case LATE -> {
                    database.committedAt(session, (long) (scheduler.random.nextDouble() * 15e9));
                    throw lost();
                }
                case NEVER -> {
                    database.orphan(session);
                    throw lost();
                }
                case SHUTDOWN_AFTER -> {
                    commitNow();
                    database.end(session, "57P01");
                    throw shutdown();
                }
                case SHUTDOWN_BEFORE -> {
                    database.end(session, "57P01");
                    throw shutdown();
                }
                case REFUSED -> {
                    database.rollback(session);
                    throw SqlError.server(commitRefusal, false);
                }
            }
        }

        private void commitNow() throws SQLException {
            scheduler.note(() -> session + " commits");
            database.commit(session);
            // The reply takes its time.
            if (scheduler.random.nextInt(3) == 0) {
                scheduler.step("committed");
            }
        }

        private SQLException lost() {
            cut = true;
            return SqlError.lost();
        }

        private SQLException shutdown() {
            cut = true;
            return SqlError.server("57P01", true);
        }

        void rollback() throws SQLException {
            check();
            database.rollback(session);
        }

        boolean isClosed() {
            return cut || session.isClosed();
        }

        boolean isValid() {
            return !isClosed() && session.ended() == null;
        }

        void close() {
            if (session.client.dead) {
                throw new Killed();
            }
            if (!cut) {
                cut = true;
                database.end(session, "08006");
            }
        }
    }
}
