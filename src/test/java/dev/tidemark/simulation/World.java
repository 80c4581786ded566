package dev.tidemark.simulation;

import dev.tidemark.BatchHandler;
import dev.tidemark.GapPolicy;
import dev.tidemark.KafkaClients;
import dev.tidemark.RecordHandler;
import dev.tidemark.StartPosition;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.run.EngineOptions;
import dev.tidemark.internal.run.SimulatedRun;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.unit.UnitHandler;
import dev.tidemark.simulation.Database.Session;
import dev.tidemark.simulation.Rows.Binding;
import dev.tidemark.simulation.Rows.Offset;
import dev.tidemark.simulation.Rows.State;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** One run: processes of one group, their database and their broker, what befalls them, and what must hold. */
final class World {
    private static final Map<Group.Protocol, Map<Long, KafkaSettings>> SETTINGS =
            new java.util.concurrent.ConcurrentHashMap<>();
    private static final long SECOND = 1_000_000_000L;

    /** After the last fault, everything must be read within this time. */
    private static final long PATIENCE = 15 * 60 * SECOND;

    private static final long MOST_STEPS = 300_000;

    /**
     * How a run ended.
     *
     * @param broken the promise that was broken; null if none was
     */
    record Outcome(
            Plan plan,
            @Nullable String broken,
            long steps,
            int faults,
            int effects,
            int givenUp,
            int advances,
            int claims,
            long digest,
            long switches,
            String trace) {
        boolean isBroken() {
            return broken != null;
        }
    }

    final Plan plan;
    final Scheduler scheduler;
    final Random random;
    final Broker broker;
    final Database database;
    final Statements statements;
    final Wire wire;
    final Group group;
    private final Oracle oracle;
    private final List<SimulatedProcess> processes = new ArrayList<>();
    private final Set<Long> once = new HashSet<>();
    private final Faults faults;

    /** Whose sessions are those of other roles. */
    private final SimulatedProcess person = new SimulatedProcess(0, new Scheduler(0, false));

    private int started;
    private int appends = 12;
    private int next;
    private int applied;
    private boolean healed;
    private long healedAt;
    private @Nullable String broken;

    private World(Plan plan, Set<Bug> bugs, boolean traced, Mirror mirror) {
        this.plan = plan;
        this.scheduler = new Scheduler(plan.seed(), traced);
        this.random = new Random(plan.seed() ^ 0x5DEECE66DL);
        this.broker = new Broker(
                scheduler, random, plan.size().partitions(), plan.options().badness(), plan.seed() % 8 == 0);
        this.database = new Database(scheduler, bugs, plan.options().serializable(), mirror);
        this.statements = new Statements(database, Broker.TOPIC, () -> broker.topicId.toString());
        this.wire = new Wire(database, statements, scheduler);
        this.group = new Group(
                plan.options().protocol(), plan.options().sessionTimeout() * 1_000_000, scheduler, random, broker);
        this.oracle = new Oracle(broker, database);
        this.faults = new Faults(this);
        wire.onFault = () -> applied++;
    }

    static Outcome run(Plan plan, Set<Bug> bugs, boolean traced) {
        return run(plan, bugs, traced, Mirror.NONE);
    }

    static Outcome run(Plan plan, Set<Bug> bugs, boolean traced, Mirror mirror) {
        return new World(plan, bugs, traced, mirror).run();
    }

    private Outcome run() {
        database.mirror.begin(this);
        database.onCommit(commit -> guarded(() -> oracle.committed(commit)));
        scheduler.onStep(() -> guarded(this::step));
        for (int p = 0; p < plan.size().partitions(); p++) {
            broker.append(p, 1 + random.nextInt(plan.size().records()));
        }
        for (int i = 0; i < plan.size().members(); i++) {
            start();
        }
        everySecond();
        write();
        scheduler.run();
        String differs = database.mirror.end();
        return new Outcome(
                plan,
                broken == null ? differs : broken,
                scheduler.steps(),
                applied,
                oracle.effects,
                oracle.givenUp,
                oracle.advances,
                oracle.claims,
                scheduler.digest(),
                scheduler.switches(),
                scheduler.trace());
    }

    private void guarded(Runnable check) {
        try {
            check.run();
        } catch (Oracle.Broken e) {
            fail(String.valueOf(e.getMessage()));
        }
    }

    void fail(String what) {
        if (broken == null && !scheduler.isEnding()) {
            broken = what;
            scheduler.note(() -> "BROKEN: " + what);
            end();
        }
    }

    private void end() {
        scheduler.end();
        processes.forEach(process -> process.dead = true);
    }

    // Processes.

    void start() {
        SimulatedProcess process = new SimulatedProcess(++started, scheduler);
        processes.add(process);
        EngineOptions<byte[], byte[]> options = options(process);
        SimulatedRun run = new SimulatedRun(options, process.name, process.threads);
        process.stop = run::stop;
        process.threads.create("poll", () -> ended(process, run.run())).start();
    }

    private void ended(SimulatedProcess process, @Nullable Throwable problem) {
        scheduler.note(() -> "has ended: " + problem);
        Throwable cause = problem == null || problem.getCause() == null ? problem : problem.getCause();
        if (cause instanceof AssertionError || cause instanceof UnsupportedOperationException) {
            fail("the simulation lacks something: " + cause + " at " + cause.getStackTrace()[0]);
        }
        process.dead = true;
        database.killed(process);
        restart();
    }

    /** As a supervisor does. */
    void restart() {
        scheduler.after((long) (SECOND * (0.5 + 4 * random.nextDouble())), () -> {
            processes.removeIf(process -> process.dead);
            if (!scheduler.isEnding() && processes.size() < plan.size().members()) {
                start();
            }
        });
    }

    void kill(SimulatedProcess process) {
        scheduler.note(() -> process.name + " is killed");
        process.dead = true;
        database.killed(process);
        restart();
    }

    List<SimulatedProcess> alive() {
        return processes.stream().filter(SimulatedProcess::isAlive).toList();
    }

    private static KafkaSettings settings(Group.Protocol protocol, long sessionTimeout) {
        return SETTINGS.computeIfAbsent(protocol, p -> new java.util.concurrent.ConcurrentHashMap<>())
                .computeIfAbsent(
                        sessionTimeout,
                        timeout -> KafkaSettings.of(
                                protocol == Group.Protocol.CONSUMER
                                        ? Map.of(
                                                "bootstrap.servers",
                                                "localhost:1",
                                                "group.id",
                                                "g",
                                                "group.protocol",
                                                "consumer")
                                        : Map.of(
                                                "bootstrap.servers",
                                                "localhost:1",
                                                "group.id",
                                                "g",
                                                "session.timeout.ms",
                                                Long.toString(timeout))));
    }

    private EngineOptions<byte[], byte[]> options(SimulatedProcess process) {
        RecordHandler<byte[], byte[]> one = (record, tx) -> handle(process, record, tx);
        BatchHandler<byte[], byte[]> all = (records, tx) -> {
            for (ConsumerRecord<byte[], byte[]> record : records) {
                one.handle(record, tx);
            }
        };
        UnitHandler<byte[], byte[]> handler =
                plan.options().batch() ? UnitHandler.of(all, "g", List.of()) : UnitHandler.of(one, "g", List.of());
        return new EngineOptions<>(
                new EngineOptions.KafkaSide(
                        settings(plan.options().protocol(), plan.options().sessionTimeout()),
                        new ReadPlan(
                                new Subscription.Topics(Set.of(Broker.TOPIC)),
                                StartPosition.earliest(),
                                plan.options().resumesAfterGaps() ? GapPolicy.resumeAtEarliest() : GapPolicy.halt(),
                                false),
                        plan.options().strict(),
                        false,
                        new KafkaClients() {
                            @Override
                            public Consumer<byte[], byte[]> consumer(Map<String, Object> settings) {
                                return SimulatedConsumer.of(broker, group, scheduler, process);
                            }

                            @Override
                            public Admin admin(Map<String, Object> settings) {
                                return SimulatedAdmin.of(broker, scheduler, process);
                            }
                        }),
                new EngineOptions.StoreSide(
                        Jdbc.dataSource(wire, process),
                        new Schema("tidemark"),
                        Optional.empty(),
                        Duration.ofMillis(plan.options().sessionTimeout()),
                        Duration.ofSeconds(10)),
                new EngineOptions.WorkSide<>(
                        () -> new RecordDecoder<>(ByteArrayDeserializer::new, this::values, SqlFailures::isTransient),
                        handler,
                        plan.options().failurePolicy(),
                        plan.options().limits(),
                        plan.size().workers(),
                        1 << 20,
                        Duration.ofMinutes(5)),
                new EngineOptions.StopLimits(
                        Duration.ofSeconds(20), Duration.ofMillis(plan.options().drain())),
                List.of(),
                List.of());
    }

    // The handler.

    private Deserializer<byte[]> values() {
        return (topic, data) -> {
            if (nature(data) == Nature.UNDECODABLE) {
                throw new SerializationException("cannot be read");
            }
            return data;
        };
    }

    private static Nature nature(byte[] value) {
        return Nature.valueOf(new String(value, StandardCharsets.UTF_8).split(" ", 2)[0]);
    }

    private void handle(SimulatedProcess process, ConsumerRecord<byte[], byte[]> record, Handle tx)
            throws SQLException {
        String value = new String(record.value(), StandardCharsets.UTF_8);
        long version = Long.parseLong(value.substring(value.indexOf(' ') + 1));
        Connection c = tx.getConnection();
        try (PreparedStatement s = c.prepareStatement("insert into effect (part, n, version) values (?, ?, ?)")) {
            s.setInt(1, record.partition());
            s.setLong(2, record.offset());
            s.setLong(3, version);
            s.executeUpdate();
        }
        switch (nature(record.value())) {
            case ADDS -> {
                try (PreparedStatement s = c.prepareStatement("update total set n = n + 1 where k = ?")) {
                    s.setLong(1, version % 2);
                    s.executeUpdate();
                }
            }
            case DEADLOCKS_ONCE -> {
                if (once.add(version)) {
                    send(c, "do $$ begin raise exception using errcode = '40P01'; end $$");
                }
            }
            case FAILS_ONCE -> {
                if (once.add(version)) {
                    throw new DisconnectException("away");
                }
            }
            case BAD_DATA -> send(c, "select 'x'::int");
            case BAD_SYNTAX -> send(c, "do $$ begin execute 'selec 1'; end $$");
            case RAISES -> send(c, "do $$ begin raise exception 'no'; end $$");
            case THROWS -> throw new IllegalArgumentException("no");
            case KILLS -> {
                kill(process);
                throw new Killed();
            }
            case HEALTHY, UNDECODABLE -> {}
        }
    }

    private static void send(Connection c, String sql) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            s.execute();
        }
    }

    // What happens, step by step.

    private void step() {
        if (scheduler.isEnding()) {
            return;
        }
        List<Plan.At> planned = plan.faults();
        while (!healed && next < planned.size() && planned.get(next).step() <= scheduler.steps()) {
            Plan.At at = planned.get(next++);
            if (faults.happen(at)) {
                applied++;
            }
        }
        if (!healed && scheduler.steps() > plan.options().faultSteps()) {
            // What was prepared for a statement that never came is made up for.
            boolean enough = applied >= Plan.LEAST_FAULTS || planned.size() < Plan.LEAST_FAULTS;
            Fault more = random.nextBoolean() ? Fault.REBALANCE : Fault.ALL_CUT;
            if (enough) {
                heal();
            } else if (faults.happen(new Plan.At(scheduler.steps(), more, random.nextLong()))) {
                applied++;
            }
        }
        if (scheduler.steps() > MOST_STEPS) {
            fail("it does not come to an end: " + describe());
        }
    }

    private void heal() {
        scheduler.note(() -> "no more faults");
        healed = true;
        healedAt = scheduler.now();
        faults.heal();
    }

    private void everySecond() {
        scheduler.after(SECOND, () -> {
            if (scheduler.isEnding()) {
                return;
            }
            group.look();
            if (healed) {
                if (isDone()) {
                    scheduler.note(() -> "everything is read");
                    end();
                    return;
                }
                if (scheduler.now() - healedAt > PATIENCE) {
                    fail("not everything is read in time: " + describe());
                    return;
                }
                if ((scheduler.now() - healedAt) / SECOND % 5 == 0) {
                    guarded(this::operate);
                }
            } else if (scheduler.now() > 1_000 * SECOND + 20 * 60 * SECOND) {
                // Everything waits for what only a fault could end.
                heal();
            }
            everySecond();
        });
    }

    private void write() {
        scheduler.after((long) (SECOND * random.nextDouble()), () -> {
            if (!scheduler.isEnding() && !healed && appends-- > 0) {
                broker.append(random.nextInt(broker.logs.size()), 1 + random.nextInt(4));
                write();
            }
        });
    }

    private boolean isDone() {
        Binding binding = database.binding();
        if (binding == null
                || !binding.topicId().equals(broker.topicId.toString())
                || binding.partitions() != broker.logs.size()) {
            return false;
        }
        for (int p = 0; p < broker.logs.size(); p++) {
            Offset offset = database.offset(p);
            if (offset == null || offset.next() != broker.logs.get(p).end) {
                return false;
            }
        }
        return true;
    }

    private String describe() {
        StringBuilder text = new StringBuilder("binding " + database.binding() + ", topic " + broker.topicId);
        for (int p = 0; p < broker.logs.size(); p++) {
            Broker.Log log = broker.logs.get(p);
            Offset offset = database.offset(p);
            text.append("; ")
                    .append(p)
                    .append(" ")
                    .append(log.start)
                    .append("-")
                    .append(log.end)
                    .append(" ")
                    .append(offset)
                    .append(" ")
                    .append(database.rows.get(Key.state(p)))
                    .append(" next ")
                    .append(offset == null ? null : log.records.ceilingEntry(offset.next()));
        }
        return text.toString();
    }

    /** What a person does about partitions that have halted. */
    private void operate() {
        Binding binding = database.binding();
        if (binding != null && !binding.topicId().equals(broker.topicId.toString())) {
            byHand(session -> {
                Map<Integer, Long> starts = new TreeMap<>();
                for (int p = 0; p < broker.logs.size(); p++) {
                    starts.put(p, broker.logs.get(p).start);
                }
                statements.rebind(session, broker.cluster, broker.topicId.toString(), broker.logs.size(), starts);
            });
            return;
        }
        for (int p = 0; p < broker.logs.size(); p++) {
            int partition = p;
            Offset offset = database.offset(p);
            if (offset == null || !(database.rows.get(Key.state(p)) instanceof State state) || !state.halted()) {
                continue;
            }
            Broker.Log log = broker.logs.get(p);
            long to = Math.max(log.start, Math.min(log.end, offset.next()));
            Map.Entry<Long, Broker.Entry> first = log.records.ceilingEntry(offset.next());
            if (to == offset.next() && first != null && first.getValue().nature().bad) {
                to = first.getKey() + 1;
            }
            long where = to;
            scheduler.note(() -> "the operator moves " + partition + " to " + where + " since " + state);
            byHand(session -> statements.moveByHand(session, partition, where));
        }
    }

    /** Something in a session of another role. */
    interface ByHand {
        void run(Session session) throws SQLException;
    }

    Session personsSession() {
        return database.connect(person);
    }

    /** At once, or not at all where it would have to wait. */
    boolean byHand(ByHand work) {
        for (int p = 0; p < 16; p++) {
            if (!database.isUnlocked(Key.offset(p)) || !database.isUnlocked(Key.state(p))) {
                return false;
            }
        }
        if (!database.isUnlocked(Key.BINDING)) {
            return false;
        }
        Session session = personsSession();
        try {
            work.run(session);
            database.commit(session);
            return true;
        } catch (SQLException e) {
            database.rollback(session);
            return false;
        } finally {
            database.end(session, "08006");
        }
    }

    Set<Integer> boundPartitions() {
        Set<Integer> bound = new java.util.TreeSet<>();
        for (Key key : database.rows.keySet()) {
            if (key.table() == Key.Table.OFFSET) {
                bound.add(key.partition());
            }
        }
        return bound;
    }
}
