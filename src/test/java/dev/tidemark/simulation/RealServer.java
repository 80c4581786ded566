package dev.tidemark.simulation;

import dev.tidemark.simulation.Database.Session;
import dev.tidemark.simulation.Rows.Binding;
import dev.tidemark.simulation.Rows.Effect;
import dev.tidemark.simulation.Rows.Letter;
import dev.tidemark.simulation.Rows.LogEnd;
import dev.tidemark.simulation.Rows.Offset;
import dev.tidemark.simulation.Rows.State;
import dev.tidemark.simulation.Rows.Total;
import dev.tidemark.simulation.Statements.Comparison;
import dev.tidemark.simulation.Statements.Kind;
import dev.tidemark.simulation.Statements.Result;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Sends what the simulated sessions do to a real server, each in a session of its own, and compares: the reply to each statement, and
 * after each commit the tables. A statement follows when the simulated one is over, so nothing may have to wait for a lock.
 */
final class RealServer implements Mirror, AutoCloseable {
    /** What waits that long waits for a lock that the simulated session did not need. */
    private static final String PATIENCE = "set lock_timeout = '5s'";

    private static final String TABLES = "tidemark.topic_binding, tidemark.stored_offset, tidemark.partition_state,"
            + " tidemark.dead_letter, tidemark.audit_log, tidemark.log_end, tidemark.consumer_pause, effect, total";

    /** A real session. */
    private static final class Link {
        private final DatabaseRole role;
        private final Connection connection;
        private boolean isAborted;

        /** Of the open transaction, in place of the simulated one; null while it is not known. */
        private @Nullable String xid;

        Link(DatabaseRole role, Connection connection) {
            this.role = role;
            this.connection = connection;
        }
    }

    private final TestDatabase database;
    private final Connection observer;
    private final Map<DatabaseRole, ArrayDeque<Link>> idle = new EnumMap<>(DatabaseRole.class);
    private final Map<Session, Link> links = new HashMap<>();
    private final Set<String> kinds = new TreeSet<>();
    private @Nullable World world;
    private @Nullable String difference;
    private long statements;
    private long afterWaits;
    private long commits;
    private long notFollowed;

    RealServer(TestDatabase database) throws SQLException {
        this.database = database;
        database.owner()
                .execute(
                        "create table effect (part int, n bigint, version bigint)",
                        "create table total (k bigint primary key, n bigint not null)");
        this.observer = database.superuser().connect();
        run(observer, "set session_replication_role = replica");
    }

    /** What was compared. */
    String summary() {
        return statements + " statements of " + kinds.size() + " kinds (" + afterWaits + " after a wait), " + commits
                + " commits; " + notFollowed + " runs not to their end";
    }

    long statements() {
        return statements;
    }

    Set<String> kinds() {
        return kinds;
    }

    @Override
    public void close() throws SQLException {
        try (observer) {
            for (Link link : idle.values().stream().flatMap(ArrayDeque::stream).toList()) {
                link.connection.close();
            }
        }
    }

    @Override
    public void begin(World run) {
        try {
            run(observer, "truncate " + TABLES, "insert into total values (0, 0), (1, 0)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        world = run;
        difference = null;
    }

    @Override
    public @Nullable String end() {
        for (Session session : List.copyOf(links.keySet())) {
            ended(session);
        }
        World ended = world;
        if (ended != null) {
            compareEffects(ended);
        }
        world = null;
        return difference;
    }

    /** Something on the real side. */
    private interface Step {
        void run(Link link) throws SQLException;
    }

    private void follow(Session session, String what, Step step) {
        follow(session, what, DatabaseRole.WRITER, step);
    }

    private void follow(Session session, String what, DatabaseRole role, Step step) {
        if (world == null) {
            return;
        }
        try {
            Link link = links.get(session);
            if (link == null) {
                link = idle.computeIfAbsent(role, r -> new ArrayDeque<>()).poll();
                link = link == null ? connect(role) : link;
                links.put(session, link);
            }
            if (!link.isAborted) {
                step.run(link);
            }
        } catch (SQLException e) {
            differs(session + ", " + what + ": the server says " + e.getSQLState() + " " + e.getMessage());
        }
    }

    private Link connect(DatabaseRole role) throws SQLException {
        Connection connection = database.as(role).connect();
        run(connection, PATIENCE);
        connection.setAutoCommit(false);
        return new Link(role, connection);
    }

    private void differs(String what) {
        World run = world;
        if (run != null) {
            world = null;
            difference = "the model differs from the server: " + what;
            run.fail(difference);
        }
    }

    private static void run(Connection connection, String... sql) throws SQLException {
        try (Statement s = connection.createStatement()) {
            for (String one : sql) {
                s.execute(one);
            }
        }
    }

    // Statements.

    @Override
    public void executed(Session session, Kind kind, String sql, @Nullable Object[] parameters, Result result) {
        if (kind.comparison() == Comparison.NONE) {
            return;
        }
        follow(session, kind.name(), link -> {
            Result real = execute(link, session, sql, parameters, result.columns());
            statements++;
            kinds.add(kind.name());
            if (session.transaction().waited) {
                afterWaits++;
            }
            if (kind.comparison() == Comparison.RESULT) {
                String xid = Long.toString(session.transaction().id);
                List<String> expected = rows(result, value -> xid.equals(value) ? link.xid : value);
                List<String> found = rows(blurred(real, result), value -> value);
                if (!expected.equals(found)) {
                    if (session.transaction().waited) {
                        // The simulated statement has seen the rows as they were before its wait.
                        notFollowed++;
                        world = null;
                    }
                    differs(session + ", " + kind.name() + ": " + expected + " in the model, " + found
                            + " in the server");
                }
            }
        });
    }

    @Override
    public void failed(Session session, Kind kind, String sql, @Nullable Object[] parameters, SQLException failure) {
        if (!kind.handlers() || session.transaction().waited) {
            refused(session);
            return;
        }
        follow(session, kind.name(), link -> {
            try {
                Result real = execute(link, session, sql, parameters, List.of());
                differs(session + ", " + kind.name() + ": " + failure.getSQLState() + " in the model, " + real.count()
                        + " in the server");
            } catch (SQLException e) {
                statements++;
                if (!Objects.equals(failure.getSQLState(), e.getSQLState())) {
                    throw e;
                }
                link.isAborted = true;
            }
        });
    }

    @Override
    public void refused(Session session) {
        follow(session, "refused", link -> {
            link.connection.rollback();
            link.isAborted = true;
        });
    }

    private static Result execute(
            Link link, Session session, String sql, @Nullable Object[] parameters, List<String> columns)
            throws SQLException {
        String xid = Long.toString(session.transaction().id);
        try (PreparedStatement s = link.connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                Object value = parameters[i];
                if (value instanceof Jdbc.SqlArray array) {
                    s.setArray(i + 1, link.connection.createArrayOf(array.type(), elements(array)));
                } else {
                    s.setObject(i + 1, xid.equals(value) ? realXid(link) : value);
                }
            }
            if (!s.execute()) {
                return Result.count(s.getUpdateCount());
            }
            try (ResultSet r = s.getResultSet()) {
                return read(link, r, columns);
            }
        }
    }

    private static Object[] elements(Jdbc.SqlArray array) {
        // The driver takes these only as what they are.
        return array.type().equals("bytea")
                ? array.values().toArray(byte[][]::new)
                : array.values().toArray();
    }

    private static Result read(Link link, ResultSet r, List<String> columns) throws SQLException {
        int width = columns.isEmpty() ? 0 : r.getMetaData().getColumnCount();
        Result read = Result.of(columns.toArray(String[]::new));
        while (r.next()) {
            @Nullable Object[] row = new Object[width];
            for (int i = 0; i < width; i++) {
                row[i] = r.getObject(i + 1);
                if (i < columns.size() && columns.get(i).equals("xid")) {
                    link.xid = String.valueOf(row[i]);
                }
            }
            read.add(row);
        }
        return read;
    }

    private static String realXid(Link link) throws SQLException {
        String known = link.xid;
        if (known != null) {
            return known;
        }
        try (Statement s = link.connection.createStatement();
                ResultSet r = s.executeQuery("select pg_current_xact_id()::text")) {
            r.next();
            String xid = r.getString(1);
            link.xid = xid;
            return xid;
        }
    }

    /** The real reply, without what the model does not know. */
    private static Result blurred(Result real, Result model) {
        for (@Nullable Object[] row : real.rows()) {
            for (int i = 0; i < row.length; i++) {
                int column = i;
                boolean unknown = model.rows().stream().anyMatch(r -> Statements.SOMETHING.equals(r[column]));
                row[i] = unknown && row[i] != null ? Statements.SOMETHING : row[i];
            }
        }
        return real;
    }

    private static List<String> rows(Result result, UnaryOperator<@Nullable Object> translated) {
        if (result.columns().isEmpty()) {
            return List.of("count " + result.count());
        }
        List<String> rows = new ArrayList<>();
        for (@Nullable Object[] row : result.rows()) {
            StringBuilder text = new StringBuilder();
            for (@Nullable Object value : row) {
                text.append(text.isEmpty() ? "" : "|").append(text(translated.apply(value)));
            }
            rows.add(text.toString());
        }
        rows.sort(null);
        return rows;
    }

    private static String text(@Nullable Object value) {
        if (value instanceof Number number) {
            return new BigDecimal(number.toString()).toPlainString();
        } else if (value instanceof byte[] bytes) {
            return HexFormat.of().formatHex(bytes);
        }
        return String.valueOf(value);
    }

    // Ends of transactions.

    @Override
    public void committed(Session session) {
        if (!links.containsKey(session)) {
            return;
        }
        follow(session, "commit", link -> {
            link.connection.commit();
            link.xid = null;
            commits++;
            compare();
        });
    }

    @Override
    public void rolledBack(Session session) {
        Link link = links.get(session);
        if (link == null) {
            return;
        }
        link.isAborted = false;
        link.xid = null;
        follow(session, "rollback", l -> l.connection.rollback());
    }

    @Override
    public void ended(Session session) {
        Link link = links.remove(session);
        if (link != null) {
            try {
                link.connection.rollback();
                link.isAborted = false;
                link.xid = null;
                idle.computeIfAbsent(link.role, r -> new ArrayDeque<>()).add(link);
            } catch (SQLException e) {
                differs(session + ": " + e);
            }
        }
    }

    // People.

    @Override
    public void locked(Session session, Key key) {
        // Only the owner may lock a row of the bindings by itself.
        follow(
                session,
                "lock",
                DatabaseRole.OWNER,
                link -> run(
                        link.connection,
                        key.table() == Key.Table.BINDING
                                ? "select from tidemark.topic_binding where group_id = 'g' for no key update"
                                : "select from tidemark.stored_offset where group_id = 'g' and partition = "
                                        + key.partition() + " for no key update"));
    }

    @Override
    public void moved(Session session, int partition, long to) {
        // Both ways are to do the same.
        boolean byFunction = to % 2 == 0;
        follow(
                session,
                "move",
                byFunction ? DatabaseRole.OPERATOR : DatabaseRole.OWNER,
                link -> run(
                        link.connection,
                        byFunction
                                ? "select tidemark.reset_offset('g', '" + Broker.TOPIC + "', " + partition + ", " + to
                                        + ")"
                                : "update tidemark.stored_offset set next_offset = " + to
                                        + " where group_id = 'g' and partition = " + partition));
    }

    @Override
    public void rebound(Session session, String cluster, String topicId, List<Long> starts) {
        follow(session, "rebind", DatabaseRole.OPERATOR, link -> {
            try (PreparedStatement s =
                    link.connection.prepareStatement("select tidemark.rebind_topic('g', ?, ?, ?, ?)")) {
                s.setString(1, Broker.TOPIC);
                s.setString(2, cluster);
                s.setString(3, topicId);
                s.setArray(4, link.connection.createArrayOf("bigint", starts.toArray()));
                s.execute();
            }
        });
    }

    // Tables.

    private void compare() throws SQLException {
        World run = Objects.requireNonNull(world);
        List<String> model = new ArrayList<>();
        run.database.rows.forEach((key, row) -> {
            String text = text(key, row);
            if (text != null) {
                model.add(text);
            }
        });
        model.sort(null);
        List<String> real = new ArrayList<>();
        try (Statement s = observer.createStatement();
                ResultSet r = s.executeQuery("select concat_ws('|', 'binding', cluster_id, coalesce(topic_id, 'null'),"
                        + " incarnation, partitions) from tidemark.topic_binding"
                        + " union all select array_to_string(array['offset', partition::text, next_offset::text,"
                        + " leader_epoch::text, owner_token::text, owner_name, owner_epoch::text, progress_epoch::text,"
                        + " given_up_in_row::text, given_up_unproven::text, given_up_offset::text], '|', 'null')"
                        + " from tidemark.stored_offset"
                        + " union all select array_to_string(array['state', partition::text,"
                        + " (halted_at is not null)::text, error_code, suspect_offset::text, suspect_attempts::text,"
                        + " waiting_epoch::text],"
                        + " '|', 'null') from tidemark.partition_state"
                        + " where halted_at is not null or waiting_epoch is not null or suspect_attempts > 0"
                        + " union all select array_to_string(array['letter', incarnation::text, partition::text,"
                        + " record_offset::text, encode(key_hash, 'hex'), holds_key::text,"
                        + " (error_code is null)::text, (superseded_at is not null)::text,"
                        + " (superseded_at is not null and read_again_at is not null)::text], '|', 'null')"
                        + " from tidemark.dead_letter"
                        + " union all select concat_ws('|', 'log', partition, log_start, log_end)"
                        + " from tidemark.log_end")) {
            while (r.next()) {
                real.add(r.getString(1));
            }
        }
        real.sort(null);
        if (!model.equals(real)) {
            List<String> onlyModel = new ArrayList<>(model);
            onlyModel.removeAll(real);
            List<String> onlyReal = new ArrayList<>(real);
            onlyReal.removeAll(model);
            differs("after a commit " + onlyModel + " in the model, " + onlyReal + " in the server");
        }
    }

    private static @Nullable String text(Key key, Object row) {
        if (row instanceof Binding b) {
            return "binding|" + b.cluster() + "|" + b.topicId() + "|" + b.incarnation() + "|" + b.partitions();
        } else if (row instanceof Offset o) {
            return "offset|" + key.partition() + "|" + o.next() + "|" + o.leaderEpoch() + "|" + o.token() + "|"
                    + o.owner() + "|" + o.ownerEpoch() + "|" + o.progressEpoch() + "|" + o.givenUpInRow() + "|"
                    + o.givenUpUnproven() + "|" + o.givenUpOffset();
        } else if (row instanceof State s && (s.halted() || s.waitingEpoch() != null || s.suspectAttempts() > 0)) {
            return "state|" + key.partition() + "|" + s.halted() + "|" + s.code() + "|" + s.suspectOffset() + "|"
                    + s.suspectAttempts() + "|" + s.waitingEpoch();
        } else if (row instanceof LogEnd e) {
            return "log|" + key.partition() + "|" + e.start() + "|" + e.end();
        } else if (row instanceof Letter l) {
            ByteBuffer hash = l.keyHash();
            return "letter|" + l.incarnation() + "|" + l.partition() + "|" + l.offset() + "|"
                    + (hash == null ? "null" : HexFormat.of().formatHex(Statements.bytes(hash))) + "|" + l.holdsKey()
                    + "|"
                    + l.follows() + "|" + l.superseded() + "|" + l.readAgain();
        }
        return null;
    }

    private void compareEffects(World run) {
        List<String> model = new ArrayList<>();
        run.database.rows.forEach((key, row) -> {
            if (row instanceof Effect e) {
                model.add("effect " + e.partition() + "@" + e.offset() + " " + e.version());
            } else if (row instanceof Total t && t.count() > 0) {
                model.add("total " + key.number() + ": " + t.count());
            }
        });
        model.sort(null);
        List<String> real = new ArrayList<>(database.query(
                "select 'effect ' || part || '@' || n || ' ' || version from effect union all select 'total ' || k"
                        + " || ': ' || n from total where n > 0"));
        real.sort(null);
        if (!model.equals(real)) {
            differs("effects " + model + " in the model, " + real + " in the server");
        }
    }
}
