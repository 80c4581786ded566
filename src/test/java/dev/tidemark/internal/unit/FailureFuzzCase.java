package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.BatchHandler;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordFailure;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.internal.store.transaction.UnitTransaction;
import dev.tidemark.internal.thread.HandlerThread;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.TopicBinding;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jdbi.v3.core.Handle;

/** One case of {@link FailureFuzzIT}: two partitions, one worker, and the events of its poll thread. Used once. */
final class FailureFuzzCase implements WorkerEvents {
    /** What is special about a record. */
    private enum Nature {
        HEALTHY(false),
        BAD_DATA(true),
        BAD_SYNTAX(true),
        RAISES(true),
        THROWS(true),
        OVERFLOWS(true),
        UNDECODABLE(true),
        CHANGES_WHAT_IT_GETS(false),
        LEAVES_INTERRUPTED(false),
        LEAVES_A_THREAD(false),
        LEAVES_A_SEARCH_PATH(false),
        LEAVES_A_TABLE(false),
        DEADLOCKS_ONCE(false),
        TERMINATES_ONCE(false),
        HIDES_A_LOCK_ONCE(false),
        HIDES_ITS_SESSIONS_END_ONCE(false),
        DOES_WITHOUT(false),
        HIDES_BAD_DATA(true);

        private final boolean bad;

        Nature(boolean bad) {
            this.bad = bad;
        }
    }

    /** What befalls all records for some calls of the handler. */
    private enum Outage {
        NONE,
        PASSES,
        SAYS_NOTHING,
        CONFLICTS
    }

    /** The results of the cases. */
    record Tally(int applied, int givenUp, int halted, int healthyButAlone) {
        Tally plus(Tally other) {
            return new Tally(
                    applied + other.applied,
                    givenUp + other.givenUp,
                    halted + other.halted,
                    healthyButAlone + other.healthyButAlone);
        }
    }

    private static final List<TopicPartition> PARTITIONS =
            List.of(new TopicPartition("fuzz", 0), new TopicPartition("fuzz", 1));

    private final String name;
    private final String group;
    private final HikariDataSource pool;
    private final OffsetStore store;
    private final Map<TopicPartition, List<Nature>> natures = new HashMap<>();
    private final Outage outage;
    private final int outageFrom;
    private final int outageTo;
    private final boolean batch;
    private final FailurePolicy policy;
    private final boolean holdsKeys;
    private final UnitLimits limits;
    private final AtomicInteger calls = new AtomicInteger();
    private final Set<String> once = new HashSet<>();
    private final List<String> surprises = new CopyOnWriteArrayList<>();
    private final PartitionQueues queues;

    // Guarded by this.
    private final Set<TopicPartition> halted = new HashSet<>();
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final Set<TopicPartition> toClaim = new HashSet<>();
    private boolean failed;

    FailureFuzzCase(String name, String group, Random random, HikariDataSource pool) {
        this.group = group;
        this.pool = pool;
        this.store = OffsetStore.of(group);
        double badness = random.nextInt(4) == 0 ? 0.7 : random.nextDouble() * 0.3;
        Nature[] all = Nature.values();
        for (TopicPartition partition : PARTITIONS) {
            List<Nature> records = new ArrayList<>();
            int size = random.nextInt(14);
            for (int i = 0; i < size; i++) {
                records.add(random.nextDouble() < badness ? all[random.nextInt(all.length)] : Nature.HEALTHY);
            }
            natures.put(partition, records);
        }
        this.outage = Outage.values()[random.nextInt(Outage.values().length)];
        this.outageFrom = random.nextInt(30);
        // What passes by its own words is retried for as long as it lasts.
        boolean forGood = outage == Outage.SAYS_NOTHING && random.nextInt(4) == 0;
        this.outageTo = outageFrom + (forGood ? 1_000_000 : 1 + random.nextInt(6));
        this.batch = random.nextBoolean();
        FailurePolicy last = List.of(
                        FailurePolicy.park(), FailurePolicy.skip(), FailurePolicy.parkKey(), FailurePolicy.halt())
                .get(random.nextInt(4));
        this.policy = policy(last, random);
        // Of the others, none holds keys.
        this.holdsKeys = policy.decide(new RecordFailure(
                        new ConsumerRecord<>("fuzz", 0, 1, new byte[0], new byte[0]),
                        ErrorCode.HANDLER_FAILED,
                        new IllegalStateException(),
                        Integer.MAX_VALUE))
                instanceof FailureAction.ParkKey;
        this.limits = UnitLimits.defaults().withMaxRecords(1 + random.nextInt(12));
        this.queues = new PartitionQueues(limits, 1, 1 << 20, this);
        this.name = name + " " + natures + " outage " + outage + " of calls " + outageFrom + " to " + outageTo
                + (batch ? " batches" : " records") + " of " + limits.maxRecords();
    }

    private static FailurePolicy policy(FailurePolicy last, Random random) {
        if (random.nextInt(3) == 0) {
            return FailurePolicy.retry(1 + random.nextInt(2), Duration.ofMillis(1))
                    .then(last);
        }
        if (random.nextInt(5) == 0) {
            return failure -> failure.record().offset() % 2 == 0 ? FailureAction.park() : FailureAction.skip();
        }
        return last;
    }

    Tally run() throws Exception {
        try (Connection c = pool.getConnection()) {
            c.setAutoCommit(false);
            Map<Integer, Long> starts = Map.of(0, 0L, 1, 0L);
            store.bind(c, new TopicBinding("fuzz", "cluster", Optional.of("id"), starts, starts));
            c.commit();
            c.setAutoCommit(true);
        }
        claim(PARTITIONS);
        Schema schema = new Schema("tidemark");
        WorkerSession session =
                new WorkerSession(pool, "tidemark/" + group, Duration.ofMinutes(5), Duration.ofSeconds(10));
        UnitTransaction transaction = new UnitTransaction(schema, group, "fuzz", session, Duration.ofSeconds(30));
        RecordHandler<byte[], byte[]> one = this::handle;
        BatchHandler<byte[], byte[]> all = (records, tx) -> {
            for (ConsumerRecord<byte[], byte[]> record : records) {
                one.handle(record, tx);
            }
        };
        UnitHandler<byte[], byte[]> handler =
                batch ? UnitHandler.of(all, group, List.of()) : UnitHandler.of(one, group, List.of());
        PartitionNotes notes = new PartitionNotes(schema, group, session, transaction);
        OwnThreads threads = new OwnThreads();
        WorkerContext<byte[], byte[]> context = new WorkerContext<>(
                group,
                queues.units(),
                limits,
                handler,
                policy,
                transaction,
                notes,
                new SuspectedRecords(new CountedAttempts(), notes, queues.units(), this),
                new HandlerHistory(),
                IdentityCheck.NONE,
                this,
                new SafeInterceptors(group, List.of()),
                new ListenerReports(group, new SafeListeners(group, List.of())),
                new HandlerThread(threads, "fuzz-" + group + "-handler", Duration.ofMinutes(5), work -> work));
        RecordDecoder<byte[], byte[]> decoder =
                new RecordDecoder<>(ByteArrayDeserializer::new, this::values, failure -> false);
        OwnThread worker = threads.create("fuzz-" + group, new Worker<>(context, decoder, session));
        worker.start();
        try {
            awaitEnd(worker);
        } finally {
            queues.stop();
            worker.end();
            worker.join(30_000);
        }
        return check();
    }

    private void awaitEnd(Thread worker) throws InterruptedException, SQLException {
        long end = System.nanoTime() + Duration.ofMinutes(10).toNanos();
        while (true) {
            Set<TopicPartition> lost;
            synchronized (this) {
                if (isOver() || failed) {
                    return;
                }
                assertThat(worker.isAlive()).as(name + ": the worker goes on").isTrue();
                assertThat(System.nanoTime()).as(name + ": it comes to an end").isLessThan(end);
                lost = new HashSet<>(toClaim);
                toClaim.clear();
                if (lost.isEmpty()) {
                    wait(200);
                }
            }
            if (!lost.isEmpty()) {
                claim(lost);
            }
        }
    }

    private boolean isOver() {
        return PARTITIONS.stream().allMatch(p -> halted.contains(p) || positions.getOrDefault(p, 0L) == size(p));
    }

    private int size(TopicPartition partition) {
        return Objects.requireNonNull(natures.get(partition)).size();
    }

    private void claim(Collection<TopicPartition> partitions) throws SQLException {
        Map<TopicPartition, Claim> claims;
        try (Connection c = pool.getConnection()) {
            c.setAutoCommit(false);
            claims = store.claim(c, partitions);
            c.commit();
            c.setAutoCommit(true);
        }
        claims.forEach((partition, claim) -> {
            long from = claim.position().nextOffset();
            synchronized (this) {
                positions.put(partition, from);
                notifyAll();
            }
            queues.open(new ClaimedPartition(
                    claim,
                    new ClaimedPartition.Before(null, null, 0, 0),
                    OptionalLong.empty(),
                    Set.of(),
                    GivenUp.NONE));
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (long n = from; n < size(partition); n++) {
                ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                        partition.topic(), partition.partition(), n, bytes("k" + key(n)), bytes(value(partition, n)));
                record.headers().add("h", bytes("header " + n));
                records.add(record);
            }
            if (!records.isEmpty()) {
                boolean unused = queues.offer(claim, records, null);
            }
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private Nature nature(int partition, long n) {
        return Objects.requireNonNull(natures.get(PARTITIONS.get(partition))).get((int) n);
    }

    private String value(TopicPartition partition, long n) {
        return nature(partition.partition(), n) + " " + partition.partition() + "@" + n;
    }

    private Deserializer<byte[]> values() {
        return (topic, data) -> {
            if (new String(data, StandardCharsets.UTF_8).startsWith(Nature.UNDECODABLE.name())) {
                throw new SerializationException("cannot be read");
            }
            return data;
        };
    }

    private void handle(ConsumerRecord<byte[], byte[]> record, Handle tx) throws Exception {
        TopicPartition partition = PARTITIONS.get(record.partition());
        String value = new String(record.value(), StandardCharsets.UTF_8);
        if (!value.equals(value(partition, record.offset())) || record.headers().toArray().length != 1) {
            surprises.add(value + " was changed before its handler was called");
        }
        int call = calls.getAndIncrement();
        if (call >= outageFrom && call < outageTo) {
            befall(tx);
        }
        tx.execute(
                "insert into fuzzed (group_id, partition, n, by) values (?, ?, ?, 'handler')",
                group,
                record.partition(),
                record.offset());
        switch (nature(record.partition(), record.offset())) {
            case BAD_DATA -> tx.execute("select 'x'::int");
            case BAD_SYNTAX -> tx.execute("do $$ begin execute 'selec 1'; end $$");
            case RAISES -> tx.execute("do $$ begin raise exception 'no'; end $$");
            case THROWS -> throw new IllegalArgumentException("no");
            case OVERFLOWS -> throw new StackOverflowError();
            case CHANGES_WHAT_IT_GETS -> {
                Arrays.fill(record.value(), (byte) 0);
                record.headers().remove("h");
            }
            case LEAVES_INTERRUPTED -> Thread.currentThread().interrupt();
            case LEAVES_A_THREAD -> leaveThread(tx);
            case DEADLOCKS_ONCE -> {
                if (isFirst(value)) {
                    tx.execute("do $$ begin raise exception using errcode = '40P01'; end $$");
                }
            }
            case TERMINATES_ONCE -> {
                if (isFirst(value)) {
                    tx.execute("select pg_terminate_backend(pg_backend_pid())");
                }
            }
            // What the next record finds in this session makes it fail, and is not its fault.
            case LEAVES_A_SEARCH_PATH -> tx.execute("set search_path = nowhere");
            case LEAVES_A_TABLE -> tx.execute("create temp table left_behind (n int)");
            case HIDES_A_LOCK_ONCE -> {
                if (isFirst(value)) {
                    hide(tx, "do $$ begin raise exception using errcode = '55P03'; end $$");
                }
            }
            case HIDES_ITS_SESSIONS_END_ONCE -> {
                if (isFirst(value)) {
                    hide(tx, "select pg_terminate_backend(pg_backend_pid())");
                }
            }
            case HIDES_BAD_DATA -> hide(tx, "select 'x'::int");
            case DOES_WITHOUT -> {
                Savepoint before = tx.getConnection().setSavepoint();
                try {
                    tx.execute("do $$ begin raise exception using errcode = '0A000'; end $$");
                } catch (RuntimeException e) {
                    tx.getConnection().rollback(before);
                }
            }
            case HEALTHY, UNDECODABLE -> {}
        }
    }

    private static void hide(Handle tx, String statement) {
        try {
            tx.execute(statement);
        } catch (RuntimeException hidden) {
            throw new IllegalStateException("it did not work");
        }
    }

    private void befall(Handle tx) {
        switch (outage) {
            case PASSES -> throw new DisconnectException("away");
            case SAYS_NOTHING -> throw new IllegalStateException("no licence");
            case CONFLICTS -> tx.execute("do $$ begin raise exception using errcode = '40001'; end $$");
            case NONE -> {}
        }
    }

    private boolean isFirst(String value) {
        synchronized (once) {
            return once.add(value);
        }
    }

    private void leaveThread(Handle tx) {
        Thread thread = new Thread(() -> {
            try {
                while (calls.get() < 1_000_000) {
                    tx.execute(
                            "insert into public.fuzzed (group_id, partition, n, by) values (?, 9, 9, 'leftover')",
                            group);
                }
            } catch (RuntimeException | Error e) {
                Thread.currentThread().interrupt();
            }
        });
        thread.setDaemon(true);
        // Not before the next unit: what it writes in its own is the handler's.
        synchronized (once) {
            left.add(thread);
        }
    }

    private final List<Thread> left = new ArrayList<>();

    private void wakeThreads() {
        synchronized (once) {
            left.forEach(Thread::start);
            left.clear();
        }
    }

    private Tally check() throws SQLException {
        assertThat(surprises).as(name).isEmpty();
        Map<TopicPartition, Map<Long, String>> fates = new HashMap<>();
        PARTITIONS.forEach(p -> fates.put(p, new HashMap<>()));
        int applied = 0;
        int givenUp = 0;
        int alone = 0;
        try (Connection c = pool.getConnection()) {
            Map<Integer, Long> before = new HashMap<>();
            try (PreparedStatement s =
                    c.prepareStatement("select partition, n, by from public.fuzzed where group_id = ? order by seq")) {
                s.setString(1, group);
                ResultSet r = s.executeQuery();
                while (r.next()) {
                    assertThat(r.getString(3)).as(name).isEqualTo("handler");
                    long n = r.getLong(2);
                    assertThat(n).as(name + ": in order and once").isGreaterThan(before.getOrDefault(r.getInt(1), -1L));
                    before.put(r.getInt(1), n);
                    fate(fates, r.getInt(1), n, "applied");
                    applied++;
                }
            }
            Map<Integer, Set<Long>> heldKeys = new HashMap<>();
            try (PreparedStatement s = c.prepareStatement("select partition, record_offset, error_code from"
                    + " tidemark.dead_letter where group_id = ? union all select partition, from_offset, 'TM-skip' from"
                    + " tidemark.audit_log where group_id = ? and action = 'skip' order by 1, 2")) {
                s.setString(1, group);
                s.setString(2, group);
                ResultSet r = s.executeQuery();
                while (r.next()) {
                    int partition = r.getInt(1);
                    long n = r.getLong(2);
                    fate(fates, partition, n, "given up");
                    givenUp++;
                    boolean follows = r.getString(3) == null;
                    Set<Long> held = heldKeys.computeIfAbsent(partition, p -> new HashSet<>());
                    if (holdsKeys) {
                        held.add(key(n));
                    }
                    boolean mayBeTaken = outage == Outage.SAYS_NOTHING && isAlone(partition, n, held);
                    if (!follows && !nature(partition, n).bad) {
                        assertThat(mayBeTaken)
                                .as(name + ": " + partition + "@" + n + " is " + nature(partition, n)
                                        + " and was given up")
                                .isTrue();
                        alone++;
                    }
                }
            }
            try (PreparedStatement s = c.prepareStatement(
                    "select partition, next_offset from tidemark.stored_offset where group_id = ?")) {
                s.setString(1, group);
                ResultSet r = s.executeQuery();
                while (r.next()) {
                    TopicPartition partition = PARTITIONS.get(r.getInt(1));
                    long next = r.getLong(2);
                    Set<Long> behind = new HashSet<>();
                    for (long n = 0; n < next; n++) {
                        behind.add(n);
                    }
                    assertThat(Objects.requireNonNull(fates.get(partition)).keySet())
                            .as(name + ": " + partition + " at " + next)
                            .isEqualTo(behind);
                    synchronized (this) {
                        assertThat(next == size(partition) || halted.contains(partition))
                                .as(name + ": " + partition + " stands at " + next + " without a word")
                                .isTrue();
                        assertThat(next == size(partition)
                                        || outage == Outage.SAYS_NOTHING
                                        || nature(partition.partition(), next).bad)
                                .as(name + ": " + partition + " halted at " + next)
                                .isTrue();
                    }
                }
            }
        }
        synchronized (this) {
            assertThat(failed).as(name + ": the consumer goes on").isFalse();
            return new Tally(applied, givenUp, halted.size(), alone);
        }
    }

    /** Whether no record that comes to the handler stands behind it, so that it came singly. */
    private boolean isAlone(int partition, long n, Set<Long> heldKeys) {
        return LongStream.range(n + 1, size(PARTITIONS.get(partition)))
                .allMatch(later -> nature(partition, later) == Nature.UNDECODABLE || heldKeys.contains(key(later)));
    }

    private static long key(long n) {
        return n % 3;
    }

    private void fate(Map<TopicPartition, Map<Long, String>> fates, int partition, long n, String fate) {
        String other =
                Objects.requireNonNull(fates.get(PARTITIONS.get(partition))).put(n, fate);
        assertThat(other)
                .as(name + ": " + partition + "@" + n + " " + fate + " twice")
                .isNull();
    }

    @Override
    public void spaceFor(Collection<TopicPartition> partitions) {}

    @Override
    public void appetite() {}

    @Override
    public synchronized void lost(Collection<Claim> claims, TidemarkException why) {
        claims.forEach(claim -> toClaim.add(claim.partition()));
        notifyAll();
    }

    @Override
    public synchronized void halted(Collection<Claim> claims, TidemarkException why) {
        claims.forEach(claim -> halted.add(claim.partition()));
        notifyAll();
    }

    @Override
    public void retrying(Collection<Claim> claims, TidemarkException why) {
        wakeThreads();
    }

    @Override
    public synchronized void moved(Collection<Claim> claims) {
        claims.forEach(
                claim -> positions.merge(claim.partition(), claim.position().nextOffset(), Math::max));
        wakeThreads();
        notifyAll();
    }

    @Override
    public void recovered(Collection<Claim> claims) {}

    @Override
    public void drained(Claim claim) {}

    @Override
    public void survived(Claim claim, long offset) {}

    @Override
    public synchronized void failed(TidemarkException why) {
        surprises.add(String.valueOf(why.getCause() == null ? why : why.getCause()));
        failed = true;
        notifyAll();
    }
}
