package dev.tidemark.simulation;

import dev.tidemark.simulation.Database.Cause;
import dev.tidemark.simulation.Database.Session;
import dev.tidemark.simulation.Database.Transaction;
import dev.tidemark.simulation.Rows.Audit;
import dev.tidemark.simulation.Rows.Binding;
import dev.tidemark.simulation.Rows.Effect;
import dev.tidemark.simulation.Rows.Letter;
import dev.tidemark.simulation.Rows.LogEnd;
import dev.tidemark.simulation.Rows.Offset;
import dev.tidemark.simulation.Rows.State;
import dev.tidemark.simulation.Rows.Total;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The meaning of each statement that the store sends, by its text. A text that is not known here fails the simulation. */
final class Statements {
    /** Rows and their columns, or how many rows were changed. */
    record Result(List<String> columns, List<@Nullable Object[]> rows, int count) {
        static Result of(String... columns) {
            return new Result(List.of(columns), new ArrayList<>(), 0);
        }

        static Result count(int count) {
            return new Result(List.of(), List.of(), count);
        }

        Result add(@Nullable Object... row) {
            rows.add(row);
            return this;
        }
    }

    /** One statement in one session. */
    @FunctionalInterface
    interface Meaning {
        Result run(Session session, Transaction tx, @Nullable Object[] p) throws SQLException;
    }

    /**
     * A kind of statement.
     *
     * @param interesting whether others may run before and after it
     * @param handlers whether it is the handler's
     */
    record Kind(String name, boolean interesting, boolean handlers, Comparison comparison, Meaning meaning) {}

    /** How a real server's reply to a statement is compared. */
    enum Comparison {
        /** The reply, and what it leaves in the tables. */
        RESULT,
        /** Only what it leaves in the tables: the model knows no more of it. */
        TABLES,
        /** It is about the server itself, and is not sent to it. */
        NONE
    }

    /** Stands for a value that nothing depends on, but whether it is null. */
    static final String SOMETHING = "something";

    private static final Result NOTHING = Result.count(0);

    private final Database db;
    private final String topic;
    private final Supplier<String> topicNow;

    /**
     * @param topicNow the id of the topic that exists now, which only a broken claim asks for
     */
    Statements(Database db, String topic, Supplier<String> topicNow) {
        this.db = db;
        this.topic = topic;
        this.topicNow = topicNow;
    }

    private static Meaning answer(Result result) {
        return (s, tx, p) -> result;
    }

    /** What a text means; the order matters where one is part of another. */
    Kind kind(String sql) {
        String text = sql.strip();
        if (text.startsWith("insert into effect")) {
            return handlers("effect", (s, tx, p) -> effect(tx, p));
        } else if (text.startsWith("update total")) {
            return handlers("total", (s, tx, p) -> total(tx, p));
        } else if (text.startsWith("select 'x'::int")) {
            return handlers("bad data", failing("22P02"));
        } else if (text.contains("execute 'selec 1'")) {
            return handlers("bad syntax", failing("42601"));
        } else if (text.contains("raise exception 'no'")) {
            return handlers("raises", failing("P0001"));
        } else if (text.contains("using errcode = '40P01'")) {
            return handlers("deadlock", failing("40P01"));
        } else if (text.contains("as held,\n") && text.contains("as pauses")) {
            return ofServer("glance", (s, tx, p) -> glance(tx, p));
        } else if (text.startsWith("update tidemark.stored_offset o") && text.contains("select ?::bigint as next")) {
            return store("advance one", (s, tx, p) -> advanceOne(tx, p));
        } else if (text.contains("tidemark.advance_offset(")) {
            return store("advance one", (s, tx, p) -> advanceOne(tx, p));
        } else if (text.contains("as w(topic, partition, token, prev, next, epoch)")) {
            return store("advance", (s, tx, p) -> advance(tx, p));
        } else if (text.contains("as w(topic, partition, token, prev))")) {
            return store("begin", (s, tx, p) -> begin(tx, p));
        } else if (text.contains("pg_current_xact_id()::pg_catalog.text as xid")) {
            return store("begin one", (s, tx, p) -> beginOne(tx, p));
        } else if (text.contains("set owner_epoch = o.owner_epoch + 1")) {
            boolean skip = text.contains("skip locked");
            return store(skip ? "claim" : "claim, waiting", (s, tx, p) -> claim(tx, p, skip));
        } else if (text.contains("set owner_token = null, owner_name = null")) {
            return store("release", (s, tx, p) -> release(tx, p));
        } else if (text.startsWith("select o.topic, o.partition, o.next_offset")) {
            return store("offsets", (s, tx, p) -> offsets(tx, p));
        } else if (text.startsWith("select owner_epoch, owner_token, owner_name")) {
            return store("ownership", (s, tx, p) -> ownership(tx, p));
        } else if (text.startsWith("insert into tidemark.stored_offset")) {
            return store("bind offsets", (s, tx, p) -> insertOffsets(tx, p));
        } else if (text.contains("set given_up_in_row")) {
            return store("given up", (s, tx, p) -> givenUp(tx, p));
        } else if (text.contains("for no key update of o skip locked") && text.startsWith("select o.topic")) {
            return store("free", (s, tx, p) -> free(tx, p));
        } else if (text.startsWith("insert into tidemark.topic_binding")) {
            return store("bind", (s, tx, p) -> insertBinding(tx, p));
        } else if (text.startsWith("update tidemark.topic_binding set partitions")) {
            return store("grow", (s, tx, p) -> grow(tx, p));
        } else if (text.startsWith("select topic, cluster_id, topic_id, partitions from tidemark.topic_binding")) {
            boolean share = text.contains("for share");
            boolean update = text.contains("for no key update");
            return store("binding", (s, tx, p) -> binding(tx, share, update));
        } else if (text.startsWith("select from tidemark.topic_binding")) {
            return quiet("is bound", (s, tx, p) -> bound(tx));
        } else if (text.startsWith(
                "insert into tidemark.partition_state as s (group_id, topic, partition, halted_at")) {
            return store("halted", (s, tx, p) -> halted(tx, p));
        } else if (text.startsWith("insert into tidemark.partition_state as s (group_id, topic, partition, suspect")) {
            return store("attempt", (s, tx, p) -> attempt(tx, p));
        } else if (text.contains("set suspect_attempts = suspect_attempts - 1")) {
            return store("survived", (s, tx, p) -> survived(tx, p));
        } else if (text.startsWith("select s.topic, s.partition, s.suspect_offset")) {
            return quiet("open attempts", (s, tx, p) -> openAttempts(tx, p));
        } else if (text.startsWith("select s.topic, s.partition, s.halted_at")) {
            return quiet("halted at", (s, tx, p) -> haltedAt(tx, p));
        } else if (text.startsWith("update tidemark.partition_state s\n   set halted_at = null")) {
            return quiet("claimed", (s, tx, p) -> unhalt(tx, p));
        } else if (text.startsWith("update tidemark.partition_state s")) {
            return quiet("goes on", (s, tx, p) -> endWaits(tx, p));
        } else if (text.startsWith(
                "insert into tidemark.partition_state as s\n       (group_id, topic, partition, waiting")) {
            return quiet("waits", (s, tx, p) -> waits(tx, p));
        } else if (text.startsWith("insert into tidemark.dead_letter")) {
            boolean follows = text.contains("h.key_hash = sha256(?)");
            return store(follows ? "park behind" : "park", (s, tx, p) -> park(tx, p, follows));
        } else if (text.startsWith("select distinct d.topic, d.partition, d.key_hash")) {
            return quiet("held keys", (s, tx, p) -> heldKeys(tx, p));
        } else if (text.startsWith("select distinct key_hash")) {
            return quiet("still held", (s, tx, p) -> stillHeld(tx, p));
        } else if (text.startsWith("insert into tidemark.audit_log (action, group_id, topic, partition, incarnation")) {
            return store("audit", (s, tx, p) -> audit(tx, p));
        } else if (text.startsWith("select topic, partition from tidemark.consumer_pause")) {
            return unseen("pauses", answer(Result.of("topic", "partition")));
        } else if (text.startsWith("insert into tidemark.log_end")) {
            return unseen("log ends", (s, tx, p) -> logEnds(tx, p));
        } else {
            return ofSession(text);
        }
    }

    private static Kind ofSession(String text) {
        if (text.startsWith("select current_setting('transaction_isolation')")) {
            return ofServer(
                    "settings",
                    (s, tx, p) -> Result.of("isolation", "timeout", "process")
                            .add(s.isSerializable() ? "serializable" : "read committed", 0L, 1));
        } else if (text.equals("select store_id from tidemark.store_info")) {
            return ofServer("store", answer(Result.of("store_id").add(new UUID(1, 1))));
        } else if (text.equals("select current_setting('server_version_num')::int")) {
            return ofServer("server", answer(Result.of("n").add(150_000)));
        } else if (text.equals("select min_protocol from tidemark.store_info")) {
            return ofServer("protocol", answer(Result.of("n").add(1)));
        } else if (text.equals("select schema_version from tidemark.store_info")) {
            return ofServer("version", answer(Result.of("n").add(10)));
        } else if (text.startsWith("select pg_is_in_recovery()")
                || text.startsWith("select count(*)::int from pg_class")) {
            return ofServer("check", answer(Result.of("n").add(0)));
        } else if (text.startsWith("select current_setting('max_connections')")) {
            return ofServer("limits", answer(Result.of("a", "b", "c", "d", "e").add(100, "writer", 3, -1, -1)));
        } else if (text.startsWith("select c.relname, case when row_security_active")
                || text.startsWith("select c.oid::pg_catalog.regclass::pg_catalog.text")
                || text.startsWith("select c.relname, a.pid")
                || text.startsWith("select o.topic, o.partition, a.pid")
                || text.startsWith("select a.pid")
                || text.startsWith("select distinct b.pid")
                || text.startsWith("select w.application_name as worker")
                || text.startsWith("select a.backend_xid::text as xid")
                || text.startsWith("select o.topic, o.partition, o.owner_token is not null as claimed")) {
            return ofServer("look", answer(Result.of("nothing")));
        } else if (text.startsWith("with t as (\n    select c.oid")) {
            return ofServer("written", (s, tx, p) -> written(tx));
        } else if (text.startsWith("select set_config('lock_timeout', greatest")) {
            return ofServer("lock timeout", answer(Result.of("limit")));
        } else if (text.startsWith("select current_setting('statement_timeout')")) {
            return ofServer("statement timeout", answer(Result.of("limit").add("0")));
        } else if (text.startsWith("set constraints all immediate")
                || text.startsWith("set local synchronous_commit")
                || text.startsWith("set local session authorization")
                || text.equals("select pg_catalog.pg_advisory_unlock_all()")) {
            return ofServer("set", answer(NOTHING));
        } else if (text.equals("select 1")) {
            return ofServer("probe", answer(Result.of("one").add(1)));
        } else if (text.startsWith("select pg_current_xact_id()::pg_catalog.text")) {
            return ofServer("xid", (s, tx, p) -> Result.of("xid").add(Long.toString(tx.id)));
        } else if (text.startsWith("set transaction isolation level read committed")) {
            return ofServer("read committed", (s, tx, p) -> {
                tx.readCommitted = true;
                return NOTHING;
            });
        } else if (text.startsWith("set local lock_timeout = ")) {
            long limit = Long.parseLong(text.substring(25).split(";", 2)[0].trim());
            String second = "idle_in_transaction_session_timeout = ";
            int at = text.indexOf(second);
            long idle = at < 0
                    ? -1
                    : Long.parseLong(text.substring(at + second.length()).trim());
            return ofServer("limits", (s, tx, p) -> {
                tx.lockTimeout = limit;
                tx.idleTimeout = idle < 0 ? tx.idleTimeout : idle;
                return NOTHING;
            });
        } else if (text.startsWith("set local idle_in_transaction_session_timeout = '15s'")) {
            return ofServer("limits", (s, tx, p) -> {
                tx.idleTimeout = 15_000;
                return NOTHING;
            });
        }
        throw new AssertionError("the simulated database does not know: " + text);
    }

    private static Kind store(String name, Meaning meaning) {
        return new Kind(name, true, false, Comparison.RESULT, meaning);
    }

    private static Kind quiet(String name, Meaning meaning) {
        return new Kind(name, false, false, Comparison.RESULT, meaning);
    }

    private static Kind unseen(String name, Meaning meaning) {
        return new Kind(name, false, false, Comparison.TABLES, meaning);
    }

    private static Kind ofServer(String name, Meaning meaning) {
        return new Kind(name, false, false, Comparison.NONE, meaning);
    }

    private static Kind handlers(String name, Meaning meaning) {
        return new Kind(name, true, true, Comparison.RESULT, meaning);
    }

    private static Meaning failing(String state) {
        return (s, tx, p) -> {
            throw SqlError.server(state, false);
        };
    }

    // The handler's.

    private Result effect(Transaction tx, @Nullable Object[] p) {
        int partition = (Integer) value(p, 1);
        long offset = (Long) value(p, 2);
        db.write(tx, new Key(Key.Table.EFFECT, partition, db.nextSequence()), new Effect(partition, offset, (Long)
                value(p, 3)));
        return Result.count(1);
    }

    private Result total(Transaction tx, @Nullable Object[] p) throws SQLException {
        Key key = Key.total((Long) value(p, 1));
        Total total = (Total) db.lock(tx, key, false);
        db.write(tx, key, new Total(total == null ? 1 : total.count() + 1));
        return Result.count(1);
    }

    private static Result written(Transaction tx) {
        Result written = Result.of("oid", "locked", "distant", "written");
        long effects = tx.writes.keySet().stream()
                .filter(key -> key.table() == Key.Table.EFFECT || key.table() == Key.Table.TOTAL)
                .count();
        return effects == 0 ? written : written.add(20_000L, true, false, effects);
    }

    // Units.

    private static Object value(@Nullable Object[] p, int index) {
        return Objects.requireNonNull(p[index - 1], "parameter " + index);
    }

    private static Object[] array(@Nullable Object[] p, int index) {
        return ((Jdbc.SqlArray) value(p, index)).values().toArray();
    }

    private static @Nullable Integer integer(@Nullable Object value) {
        return (Integer) value;
    }

    private Result beginOne(Transaction tx, @Nullable Object[] p) {
        limitUnit(tx, p, 1);
        int partition = (Integer) value(p, 5);
        boolean held = holds(tx, partition, (UUID) value(p, 6), (Long) value(p, 7));
        return Result.of("xid", "a", "b", "held").add(Long.toString(tx.id), SOMETHING, SOMETHING, held);
    }

    private Result begin(Transaction tx, @Nullable Object[] p) {
        limitUnit(tx, p, 5);
        Result held = Result.of("xid", "topic", "partition");
        for (int i = 0; i < array(p, 2).length; i++) {
            int partition = (Integer) array(p, 2)[i];
            if (holds(tx, partition, (UUID) array(p, 3)[i], (Long) array(p, 4)[i])) {
                held.add(Long.toString(tx.id), topic, partition);
            }
        }
        return held.rows().isEmpty() ? held.add(Long.toString(tx.id), null, null) : held;
    }

    private static void limitUnit(Transaction tx, @Nullable Object[] p, int first) {
        tx.idleTimeout = Long.parseLong((String) value(p, first));
    }

    private boolean holds(Transaction tx, int partition, UUID token, long previous) {
        return matches((Offset) db.read(tx, Key.offset(partition)), token, previous);
    }

    private boolean matches(@Nullable Offset row, UUID token, long previous) {
        return row != null
                && (token.equals(row.token()) || db.has(Bug.NO_TOKEN_CHECK))
                && (row.next() == previous || db.has(Bug.NO_PREVIOUS_CHECK));
    }

    private Result advanceOne(Transaction tx, @Nullable Object[] p) throws SQLException {
        int partition = (Integer) value(p, 5);
        boolean moved = advance(
                tx,
                partition,
                (UUID) value(p, 6),
                (Long) value(p, 7),
                (Long) value(p, 1),
                integer(p[1]),
                (String) p[7],
                (String) p[8]);
        Result result = Result.of("topic");
        return moved ? result.add(topic) : result;
    }

    private Result advance(Transaction tx, @Nullable Object[] p) throws SQLException {
        Result moved = Result.of("topic", "partition");
        TreeMap<Integer, Integer> ordered = new TreeMap<>();
        for (int i = 0; i < array(p, 2).length; i++) {
            ordered.put((Integer) array(p, 2)[i], i);
        }
        // What the statement has seen when it began; a row is locked only if it matched then.
        List<Integer> seen = new ArrayList<>();
        for (Map.Entry<Integer, Integer> entry : ordered.entrySet()) {
            int i = entry.getValue();
            if (holds(tx, entry.getKey(), (UUID) array(p, 3)[i], (Long) array(p, 4)[i])) {
                seen.add(entry.getKey());
            }
        }
        Set<Integer> locked = new HashSet<>();
        for (int partition : seen) {
            int i = Objects.requireNonNull(ordered.get(partition));
            patience(tx, (String) p[7]);
            Offset now = (Offset) db.lock(tx, Key.offset(partition), false);
            if (matches(now, (UUID) array(p, 3)[i], (Long) array(p, 4)[i])) {
                locked.add(partition);
            }
        }
        for (Map.Entry<Integer, Integer> entry : ordered.entrySet()) {
            int i = entry.getValue();
            boolean did = locked.contains(entry.getKey())
                    && advance(
                            tx,
                            entry.getKey(),
                            (UUID) array(p, 3)[i],
                            (Long) array(p, 4)[i],
                            (Long) array(p, 5)[i],
                            integer(array(p, 6)[i]),
                            (String) p[7],
                            (String) p[9]);
            if (did || db.has(Bug.ROW_COUNT_IGNORED)) {
                moved.add(topic, entry.getKey());
            }
        }
        return moved;
    }

    private static void patience(Transaction tx, @Nullable String millis) {
        if (millis != null) {
            tx.lockTimeout = Long.parseLong(millis);
        }
    }

    private boolean advance(
            Transaction tx,
            int partition,
            UUID token,
            long previous,
            long next,
            @Nullable Integer epoch,
            @Nullable String patience,
            @Nullable String xid)
            throws SQLException {
        if (next < previous
                || (xid != null && !xid.equals(Long.toString(tx.id)) && !db.has(Bug.ADVANCE_IN_ITS_OWN_TRANSACTION))
                || !holds(tx, partition, token, previous)) {
            return db.has(Bug.ROW_COUNT_IGNORED);
        }
        patience(tx, patience);
        Offset now = (Offset) db.lock(tx, Key.offset(partition), false);
        if (!matches(now, token, previous)) {
            return db.has(Bug.ROW_COUNT_IGNORED);
        }
        long to = db.has(Bug.OFFSET_INSTEAD_OF_NEXT) ? Math.max(previous, next - 1) : next;
        db.move(tx, partition, Cause.ADVANCE, Objects.requireNonNull(now).advanced(to, epoch), token);
        return true;
    }

    private Result givenUp(Transaction tx, @Nullable Object[] p) throws SQLException {
        int partition = (Integer) value(p, 6);
        Offset row = (Offset) db.lock(tx, Key.offset(partition), false);
        if (row == null || !value(p, 7).equals(row.token())) {
            return Result.count(0);
        }
        long last = (Long) value(p, 3);
        db.write(
                tx,
                Key.offset(partition),
                row.gaveUp((Integer) value(p, 1), (Integer) value(p, 2), last == -1 ? null : last));
        return Result.count(1);
    }

    private Result free(Transaction tx, @Nullable Object[] p) throws SQLException {
        Result free = Result.of("topic", "partition");
        for (int partition : partitions(p, 2)) {
            Key key = Key.offset(partition);
            if (db.read(tx, key) != null && db.isFree(tx, key, false)) {
                db.lock(tx, key, false);
                free.add(topic, partition);
            }
        }
        return free;
    }

    private static List<Integer> partitions(@Nullable Object[] p, int index) {
        List<Integer> partitions = new ArrayList<>();
        for (Object one : array(p, index)) {
            partitions.add((Integer) one);
        }
        partitions.sort(null);
        return partitions;
    }

    // Claims.

    private Result claim(Transaction tx, @Nullable Object[] p, boolean skip) throws SQLException {
        Result claimed = Result.of(
                "topic",
                "partition",
                "owner_token",
                "owner_epoch",
                "next_offset",
                "leader_epoch",
                "was_token",
                "was_name",
                "was_epoch",
                "progress_epoch",
                "given_up_in_row",
                "given_up_unproven",
                "given_up_offset");
        TreeMap<Integer, UUID> wanted = new TreeMap<>();
        for (int i = 0; i < array(p, 2).length; i++) {
            wanted.put((Integer) array(p, 2)[i], (UUID) array(p, 3)[i]);
        }
        for (Map.Entry<Integer, UUID> entry : wanted.entrySet()) {
            int partition = entry.getKey();
            Key key = Key.offset(partition);
            Offset seen = (Offset) db.read(tx, key);
            if (seen == null || (skip && !db.isFree(tx, key, false) && !db.has(Bug.CLAIM_BY_PLAIN_SELECT))) {
                continue;
            }
            Offset was = db.has(Bug.CLAIM_BY_PLAIN_SELECT) ? seen : (Offset) db.lock(tx, key, false);
            if (was == null) {
                continue;
            }
            UUID token = db.has(Bug.COUNTER_FOR_A_TOKEN) ? new UUID(0, was.ownerEpoch() + 1) : entry.getValue();
            Offset now = was.claimed(token, (String) value(p, 5));
            db.move(tx, partition, Cause.CLAIM, now, token);
            claimed.add(
                    topic,
                    partition,
                    token,
                    now.ownerEpoch(),
                    now.next(),
                    now.leaderEpoch(),
                    was.token(),
                    was.owner(),
                    was.ownerEpoch(),
                    now.progressEpoch(),
                    now.givenUpInRow(),
                    now.givenUpUnproven(),
                    now.givenUpOffset() == null ? -1L : now.givenUpOffset());
        }
        return claimed;
    }

    private Result release(Transaction tx, @Nullable Object[] p) throws SQLException {
        int count = 0;
        for (int i = 0; i < array(p, 2).length; i++) {
            int partition = (Integer) array(p, 2)[i];
            Key key = Key.offset(partition);
            Offset row = (Offset) db.read(tx, key);
            UUID token = (UUID) array(p, 3)[i];
            if (row != null && token.equals(row.token()) && db.isFree(tx, key, false)) {
                Offset now = (Offset) db.lock(tx, key, false);
                if (now != null && token.equals(now.token())) {
                    db.move(tx, partition, Cause.RELEASE, now.released(), token);
                    count++;
                }
            }
        }
        return Result.count(count);
    }

    private Result offsets(Transaction tx, @Nullable Object[] p) {
        Result read = Result.of("topic", "partition", "next_offset", "leader_epoch", "owner_token", "owner_name");
        for (int partition : partitions(p, 2)) {
            Offset row = (Offset) db.read(tx, Key.offset(partition));
            if (row != null) {
                read.add(topic, partition, row.next(), row.leaderEpoch(), row.token(), row.owner());
            }
        }
        return read;
    }

    private Result glance(Transaction tx, @Nullable Object[] p) {
        tx.readCommitted = true;
        long held = 0;
        int i = 0;
        for (int partition : partitions(p, 4)) {
            Offset row = (Offset) db.read(tx, Key.offset(partition));
            boolean same =
                    row != null && Objects.equals(row.token(), array(p, 5)[i]) && row.next() >= (Long) array(p, 6)[i];
            held += same ? 1 : 0;
            i++;
        }
        return Result.of("store_id", "hidden", "held", "pauses").add(new UUID(1, 1), false, held, null);
    }

    private Result ownership(Transaction tx, @Nullable Object[] p) throws SQLException {
        Result read = Result.of("owner_epoch", "owner_token", "owner_name");
        Offset row = (Offset) db.lock(tx, Key.offset((Integer) value(p, 3)), true);
        return row == null ? read : read.add(row.ownerEpoch(), row.token(), row.owner());
    }

    private Result insertOffsets(Transaction tx, @Nullable Object[] p) throws SQLException {
        int count = 0;
        for (int i = 0; i < array(p, 3).length; i++) {
            int partition = (Integer) array(p, 3)[i];
            if (db.lock(tx, Key.offset(partition), false) == null) {
                db.move(tx, partition, Cause.BIND, Offset.at((Long) array(p, 4)[i]), null);
                count++;
            }
        }
        return Result.count(count);
    }

    // Bindings.

    private Result insertBinding(Transaction tx, @Nullable Object[] p) throws SQLException {
        if (db.lock(tx, Key.BINDING, false) != null) {
            return Result.count(0);
        }
        db.write(tx, Key.BINDING, new Binding((String) value(p, 3), (String) value(p, 4), 1, 0));
        return Result.count(1);
    }

    private Result grow(Transaction tx, @Nullable Object[] p) throws SQLException {
        Binding row = (Binding) db.lock(tx, Key.BINDING, false);
        int partitions = (Integer) value(p, 1);
        if (row == null || row.partitions() >= partitions) {
            return Result.count(0);
        }
        db.write(tx, Key.BINDING, new Binding(row.cluster(), row.topicId(), row.incarnation(), partitions));
        return Result.count(1);
    }

    private Result binding(Transaction tx, boolean share, boolean update) throws SQLException {
        Result read = Result.of("topic", "cluster_id", "topic_id", "partitions");
        Binding row = (Binding) db.read(tx, Key.BINDING);
        if (row != null && (share || update)) {
            row = (Binding) db.lock(tx, Key.BINDING, share);
        }
        if (row == null) {
            return read;
        }
        String topicId = db.has(Bug.CLAIM_IGNORES_BINDING) ? topicNow.get() : row.topicId();
        return read.add(topic, row.cluster(), topicId, row.partitions());
    }

    private Result bound(Transaction tx) {
        Result read = Result.of("nothing");
        return db.read(tx, Key.BINDING) == null ? read : read.add((Object) null);
    }

    // States.

    private Result upsert(Transaction tx, int partition, BiFunction<State, Key, State> change) throws SQLException {
        Key key = Key.state(partition);
        State row = (State) db.lock(tx, key, false);
        State now = change.apply(row == null ? State.NONE : row, key);
        db.write(tx, key, now);
        return Result.of("suspect_attempts").add(now.suspectAttempts());
    }

    private Result halted(Transaction tx, @Nullable Object[] p) throws SQLException {
        String code = (String) value(p, 5);
        var unused = upsert(tx, (Integer) value(p, 3), (was, key) -> was.halted(code));
        return Result.count(1);
    }

    private Result attempt(Transaction tx, @Nullable Object[] p) throws SQLException {
        long offset = (Long) value(p, 4);
        return upsert(
                tx,
                (Integer) value(p, 3),
                (was, key) -> was.suspects(
                        offset,
                        was.suspectOffset() != null && was.suspectOffset() == offset ? was.suspectAttempts() + 1 : 1));
    }

    private Result survived(Transaction tx, @Nullable Object[] p) throws SQLException {
        Object offset = value(p, 4);
        return Result.count(update(
                tx,
                (Integer) value(p, 3),
                row -> row.suspectOffset() != null && row.suspectOffset().equals(offset) && row.suspectAttempts() > 0,
                row -> row.suspects(row.suspectOffset(), row.suspectAttempts() - 1)));
    }

    private Result openAttempts(Transaction tx, @Nullable Object[] p) {
        Result open = Result.of("topic", "partition", "suspect_offset");
        for (int partition : partitions(p, 2)) {
            State row = (State) db.read(tx, Key.state(partition));
            if (row != null && row.suspectAttempts() > 0) {
                open.add(topic, partition, row.suspectOffset());
            }
        }
        return open;
    }

    private Result haltedAt(Transaction tx, @Nullable Object[] p) {
        Result halted = Result.of("topic", "partition", "halted_at");
        for (int partition : partitions(p, 2)) {
            if (db.read(tx, Key.state(partition)) instanceof State row && row.halted()) {
                halted.add(topic, partition, SOMETHING);
            }
        }
        return halted;
    }

    private Result unhalt(Transaction tx, @Nullable Object[] p) throws SQLException {
        int count = 0;
        for (int i = 0; i < array(p, 1).length; i++) {
            count += update(
                    tx, (Integer) array(p, 2)[i], row -> row.halted() || row.waitingEpoch() != null, State::claimed);
        }
        return Result.count(count);
    }

    private Result waits(Transaction tx, @Nullable Object[] p) throws SQLException {
        Result waits = Result.of("topic", "partition", "waiting_epoch");
        TreeMap<Integer, @Nullable Long> wanted = new TreeMap<>();
        for (int i = 0; i < array(p, 2).length; i++) {
            wanted.put((Integer) array(p, 2)[i], (Long) array(p, 3)[i]);
        }
        TreeMap<Integer, Long> seen = new TreeMap<>();
        wanted.forEach((partition, epoch) -> {
            Offset offset = (Offset) db.read(tx, Key.offset(partition));
            if (offset != null && (epoch == null || epoch == offset.ownerEpoch())) {
                seen.put(partition, offset.ownerEpoch());
            }
        });
        for (Map.Entry<Integer, Long> one : seen.entrySet()) {
            var unused = upsert(tx, one.getKey(), (was, key) -> was.waits(one.getValue()));
            waits.add(topic, one.getKey(), one.getValue());
        }
        return waits;
    }

    private Result endWaits(Transaction tx, @Nullable Object[] p) throws SQLException {
        int count = 0;
        for (int i = 0; i < array(p, 2).length; i++) {
            Object epoch = array(p, 3)[i];
            count += update(
                    tx,
                    (Integer) array(p, 2)[i],
                    row -> row.waitingEpoch() != null && row.waitingEpoch().equals(epoch),
                    row -> row.waits(null));
        }
        return Result.count(count);
    }

    /** Updates the state of a partition if it matches, now and under its lock; returns how many rows that changed. */
    private int update(Transaction tx, int partition, Predicate<State> which, UnaryOperator<State> change)
            throws SQLException {
        Key key = Key.state(partition);
        if (!(db.read(tx, key) instanceof State seen) || !which.test(seen)) {
            return 0;
        }
        if (!(db.lock(tx, key, false) instanceof State row) || !which.test(row)) {
            return 0;
        }
        db.write(tx, key, change.apply(row));
        return 1;
    }

    /** How many rows that changes depends on the time. */
    private Result logEnds(Transaction tx, @Nullable Object[] p) throws SQLException {
        TreeMap<Integer, LogEnd> sampled = new TreeMap<>();
        for (int i = 0; i < array(p, 3).length; i++) {
            LogEnd bounds = new LogEnd((Long) value(array(p, 4), i + 1), (Long) value(array(p, 5), i + 1));
            sampled.put((Integer) array(p, 3)[i], bounds);
        }
        for (Map.Entry<Integer, LogEnd> one : sampled.entrySet()) {
            Key key = Key.logEnd(one.getKey());
            if (!one.getValue().equals(db.lock(tx, key, false))) {
                db.write(tx, key, one.getValue());
            }
        }
        return NOTHING;
    }

    // Dead letters and the audit log.

    private static ByteBuffer hash(byte[] key) {
        try {
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] bytes(ByteBuffer hash) {
        byte[] bytes = new byte[hash.remaining()];
        hash.duplicate().get(bytes);
        return bytes;
    }

    private Result park(Transaction tx, @Nullable Object[] p, boolean follows) throws SQLException {
        Binding binding = (Binding) db.read(tx, Key.BINDING);
        int partition = (Integer) value(p, 3);
        long offset = (Long) value(p, 4);
        byte[] key = (byte[]) p[6];
        ByteBuffer keyHash = key == null ? null : hash(key);
        if (binding == null || (follows && !isHeld(tx, partition, keyHash))) {
            return Result.count(0);
        }
        Key row = new Key(Key.Table.LETTER, partition, binding.incarnation() * 1_000_000_000L + offset);
        db.lock(tx, row, false);
        db.write(
                tx,
                row,
                new Letter(
                        binding.incarnation(),
                        partition,
                        offset,
                        keyHash,
                        (Boolean) value(p, 11),
                        p[11] == null,
                        false,
                        false));
        return Result.count(1);
    }

    private boolean isHeld(Transaction tx, int partition, @Nullable ByteBuffer keyHash) {
        return db.scan(tx, Key.Table.LETTER, partition).values().stream()
                .map(Letter.class::cast)
                .anyMatch(l -> l.holdsKey() && !l.superseded() && Objects.equals(l.keyHash(), keyHash));
    }

    private Result heldKeys(Transaction tx, @Nullable Object[] p) {
        Result held = Result.of("topic", "partition", "key_hash");
        for (int partition : partitions(p, 2)) {
            for (ByteBuffer hash : held(tx, partition)) {
                held.add(topic, partition, bytes(hash));
            }
        }
        return held;
    }

    private Result stillHeld(Transaction tx, @Nullable Object[] p) {
        Result held = Result.of("key_hash");
        Set<ByteBuffer> asked = new HashSet<>();
        for (Object hash : array(p, 4)) {
            asked.add(ByteBuffer.wrap((byte[]) hash));
        }
        for (ByteBuffer hash : held(tx, (Integer) value(p, 3))) {
            if (asked.contains(hash)) {
                held.add((Object) bytes(hash));
            }
        }
        return held;
    }

    private Set<ByteBuffer> held(Transaction tx, int partition) {
        Set<ByteBuffer> held = new java.util.LinkedHashSet<>();
        for (Object row : db.scan(tx, Key.Table.LETTER, partition).values()) {
            Letter letter = (Letter) row;
            if (letter.holdsKey() && !letter.superseded() && letter.keyHash() != null) {
                held.add(letter.keyHash());
            }
        }
        return held;
    }

    private Result audit(Transaction tx, @Nullable Object[] p) {
        db.write(
                tx,
                new Key(Key.Table.AUDIT, (Integer) value(p, 4), db.nextSequence()),
                new Audit((String) value(p, 1), (Integer) value(p, 4), (Long) value(p, 8), (Long) value(p, 9)));
        return Result.count(1);
    }

    // By hand.

    /** What {@code update stored_offset set next_offset = ?} and the trigger do, or the operator's function. */
    void moveByHand(Session session, int partition, long to) throws SQLException {
        Transaction tx = session.transaction();
        db.lock(tx, Key.BINDING, true);
        Offset row = (Offset) db.lock(tx, Key.offset(partition), false);
        Binding binding = (Binding) db.read(tx, Key.BINDING);
        if (row == null || binding == null) {
            return;
        }
        if (db.has(Bug.HAND_EDIT_WITHOUT_FENCE)) {
            db.move(
                    tx,
                    partition,
                    Cause.HAND,
                    new Offset(
                            to,
                            row.leaderEpoch(),
                            row.token(),
                            row.owner(),
                            row.ownerEpoch(),
                            row.progressEpoch(),
                            row.givenUpInRow(),
                            row.givenUpUnproven(),
                            row.givenUpOffset()),
                    null);
            return;
        }
        fence(tx, binding.incarnation(), partition, row, to, false);
        db.mirror.moved(session, partition, to);
    }

    /** What the trigger on manual moves does. */
    private void fence(Transaction tx, int incarnation, int partition, Offset row, long to, boolean rebind)
            throws SQLException {
        for (Map.Entry<Key, Object> entry :
                db.scan(tx, Key.Table.LETTER, partition).entrySet()) {
            Letter letter = (Letter) entry.getValue();
            Letter marked = letter;
            boolean waits = marked.superseded() && !marked.readAgain();
            if (waits && marked.incarnation() == incarnation - (rebind ? 1 : 0)) {
                if (marked.offset() < row.next()) {
                    marked = marked.marked(true, true);
                } else if (rebind) {
                    marked = marked.marked(false, false);
                }
            }
            if (marked.incarnation() == incarnation) {
                boolean back = to < row.next() && marked.offset() >= to && !marked.superseded();
                boolean forth = to >= row.next()
                        && marked.offset() >= row.next()
                        && marked.offset() < to
                        && marked.superseded()
                        && !marked.readAgain();
                marked = back || forth ? marked.marked(back, false) : marked;
            }
            if (!marked.equals(letter)) {
                db.lock(tx, entry.getKey(), false);
                db.write(tx, entry.getKey(), marked);
            }
        }
        var unused = update(tx, partition, s -> s.suspectOffset() != null, s -> s.suspects(null, 0));
        db.move(tx, partition, Cause.HAND, row.moved(to), null);
    }

    /** Binds the offsets to the topic that exists now, from its beginning. */
    void rebind(Session session, String cluster, String topicId, int partitions, Map<Integer, Long> starts)
            throws SQLException {
        Transaction tx = session.transaction();
        Binding row = (Binding) db.lock(tx, Key.BINDING, false);
        int incarnation = row == null ? 1 : row.incarnation() + 1;
        db.write(tx, Key.BINDING, new Binding(cluster, topicId, incarnation, partitions));
        for (Map.Entry<Integer, Long> start : new TreeMap<>(starts).entrySet()) {
            Offset offset = (Offset) db.lock(tx, Key.offset(start.getKey()), false);
            if (offset == null) {
                db.move(tx, start.getKey(), Cause.BIND, Offset.at(start.getValue()), null);
            } else {
                fence(tx, incarnation, start.getKey(), offset, start.getValue(), true);
            }
        }
        for (Key key : db.scan(tx, Key.Table.OFFSET, -1).keySet()) {
            if (key.partition() >= partitions) {
                db.lock(tx, key, false);
                db.write(tx, key, null);
            }
        }
        for (Key.Table table : List.of(Key.Table.LOG_END, Key.Table.STATE)) {
            for (Key key : db.scan(tx, table, -1).keySet()) {
                db.lock(tx, key, false);
                db.write(tx, key, null);
            }
        }
        db.mirror.rebound(session, cluster, topicId, List.copyOf(new TreeMap<>(starts).values()));
    }
}
