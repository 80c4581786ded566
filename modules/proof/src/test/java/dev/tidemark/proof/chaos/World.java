package dev.tidemark.proof.chaos;

import dev.tidemark.proof.chaos.CellResult.Mark;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.proof.chaos.member.Members;
import dev.tidemark.proof.check.Advance;
import dev.tidemark.proof.check.Entry;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.LogTruth;
import dev.tidemark.proof.check.Stretch;
import dev.tidemark.proof.kit.Transfers;
import dev.tidemark.proof.read.AdvanceAudit;
import dev.tidemark.proof.read.LogReader;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaClients;
import dev.tidemark.testkit.kafka.KafkaCluster;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.LaggingReplica;
import dev.tidemark.testkit.postgres.PostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ProcessSettings;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;

/** A running group, and all that a fault may get at. */
public final class World implements AutoCloseable {
    private final ServerPair servers;
    private final Random random;
    private final String topic;
    private final Path directory;
    private final Observer observer;
    private final Group group;
    private final Members members;
    private final Load load;
    private final LogTruth truth = new LogTruth();
    private final Map<Integer, Long> recordedTo = new HashMap<>();
    private final Map<Integer, List<Long>> generations = new HashMap<>();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<Finding> troubles = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();
    private boolean spared;
    private IntSupplier way;
    private AutoCloseable pooler;
    private PostgresServer postgres;
    private TestDatabase database;
    private int partitions;
    private int incarnation = 1;

    /** Makes topic, database and records' source; {@link #start} starts the members. */
    World(Cell cell, ServerPair servers, RunSettings settings, Random random) throws SQLException {
        this.servers = servers;
        this.random = random;
        this.partitions = settings.partitions();
        this.directory = Servers.directory("chaos-" + cell.name().replace('/', '-'));
        this.postgres = servers.postgres();
        this.database = postgres.createStore();
        this.topic = Servers.unique("chaos-" + cell.name().replace('/', '-').toLowerCase(Locale.ROOT));
        Transfers.createTables(database);
        try (Connection c = database.owner().connect()) {
            AdvanceAudit.install(c, "tidemark");
        }
        servers.kafka().createTopic(topic, partitions, cell.fault().topicConfig());
        this.observer = new Observer(() -> database.superuser().jdbcUrl());
        this.group = new Group(observer, topic);
        this.way = () -> postgres.port();
        this.members = new Members(
                directory,
                settings.main(),
                memberSettings(cell, settings),
                cell.fault().memberEnvironment(directory),
                () -> way.getAsInt());
        this.load = new Load(
                servers.kafka()::producer,
                new Transfers(settings.accounts(), random),
                topic,
                partitions,
                settings.rate());
    }

    private ProcessSettings memberSettings(Cell cell, RunSettings settings) {
        Map<String, Object> kafka =
                servers.kafka().consumerConfig(topic, cell.protocol().word());
        Map<String, String> own = new HashMap<>(cell.mode().settings());
        own.put("topic", topic);
        own.put("group", topic);
        own.put("session", settings.session().toString());
        own.put("jdbc", database.jdbcUrl().replace(":" + database.server().port() + "/", ":{port}/"));
        own.putAll(settings.more());
        own.putAll(cell.fault().memberSettings());
        return new ProcessSettings(own, KafkaClients.withQuickSessions(kafka));
    }

    void start(int count) {
        load.start();
        for (int i = 0; i < count; i++) {
            Member unused = members.start();
        }
        Awaitility.await("all partitions are owned and move")
                .atMost(Patience.LONG)
                .pollInterval(Duration.ofMillis(300))
                .until(() -> group.owners().size() == partitions
                        && group.positions().values().stream().allMatch(position -> position > 0));
    }

    public Random random() {
        return random;
    }

    public Group group() {
        return group;
    }

    public Members members() {
        return members;
    }

    public Observer observer() {
        return observer;
    }

    public TestDatabase database() {
        return database;
    }

    public String topic() {
        return topic;
    }

    public KafkaClients kafka() {
        return servers.kafka();
    }

    /** The only broker. */
    public KafkaServer broker() {
        return (KafkaServer) servers.kafka();
    }

    /** The brokers, where there are two. */
    public KafkaCluster cluster() {
        return (KafkaCluster) servers.kafka();
    }

    public EmbeddedPostgresServer postgres() {
        return servers.postgres();
    }

    public Load load() {
        return load;
    }

    /** The database is at another server from now on, where members reach it in the same way. */
    public void switchTo(LaggingReplica replica) {
        database = replica.copyOf(database);
        postgres = replica;
        opened.add(replica);
    }

    /** Members reach the database through this from now on, which is closed with the world. */
    public void leadThrough(AutoCloseable through, IntSupplier port) {
        pooler = through;
        way = port;
        refuseMembers(true);
        refuseMembers(false);
    }

    /** Its connections are not the members'. */
    void closePooler() {
        if (pooler != null) {
            close(pooler);
            pooler = null;
        }
    }

    private static void close(AutoCloseable one) {
        try {
            one.close();
        } catch (Exception e) {
            // It has crashed before, which was its part.
        }
    }

    /** The server that has the database now. */
    public PostgresServer server() {
        return postgres;
    }

    /** Cuts all members off the database, or lets them through again. */
    public void refuseMembers(boolean refuse) {
        members.living().forEach(member -> member.proxy().refuse(refuse));
    }

    public Path directory() {
        return directory;
    }

    public LogTruth truth() {
        return truth;
    }

    public int incarnation() {
        return incarnation;
    }

    /** All partitions. */
    public Set<Integer> partitions() {
        return IntStream.range(0, partitions).boxed().collect(Collectors.toSet());
    }

    /** The topic has so many now. */
    public void nowHas(int count) {
        partitions = count;
        load.spreadTo(count);
    }

    /** The topic was created again. */
    public void nowIsAnotherTopic(int count) {
        incarnation++;
        recordedTo.clear();
        nowHas(count);
    }

    /** From the last move of this partition on, its offsets are those of another log. */
    public void nowReadsAnotherLog(int partition) {
        long moves = observer.number(
                "select count(*) from public.proof_advance where token is null and partition = " + partition);
        generations.computeIfAbsent(partition, p -> new ArrayList<>()).add(moves);
    }

    /** The advances, each with the log that its offsets belong to. */
    List<Advance> inGenerations(List<Advance> advances) {
        Map<Integer, Long> moves = new HashMap<>();
        List<Advance> result = new ArrayList<>();
        for (Advance a : advances) {
            long count = moves.merge(a.partition(), a.isMove() ? 1L : 0L, Long::sum);
            long passed = generations.getOrDefault(a.partition(), List.of()).stream()
                    .filter(first -> first <= count)
                    .count();
            result.add(passed == 0 ? a : a.in(a.incarnation() + (int) passed));
        }
        return result;
    }

    /** Whether the process that lives longest is no victim for now. */
    public void spareOldest(boolean spare) {
        spared = spare;
    }

    /** Notes a fault in addition to the one that is waited for. */
    public void mark(Instant at, String label) {
        marks.add(new Mark(at.toEpochMilli(), label));
    }

    List<Mark> marks() {
        return marks;
    }

    /** A living member that owns partitions; waits until there is one. */
    public Member victim() {
        List<Member> candidates = new ArrayList<>();
        Awaitility.await("a member that owns partitions")
                .atMost(Patience.LONG)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    Set<Long> owners = Set.copyOf(group.owners().values());
                    candidates.clear();
                    members.living().stream()
                            .skip(spared ? 1 : 0)
                            .filter(member -> member.isAlive() && owners.contains(member.pid()))
                            .forEach(candidates::add);
                    return !candidates.isEmpty();
                });
        return candidates.get(random.nextInt(candidates.size()));
    }

    /** A random partition. */
    public int partition() {
        return random.nextInt(partitions);
    }

    /** Lets a fault last for so long, at random: that is its strength, not something to be waited for. */
    public void last(Duration least, Duration most) {
        long millis = least.toMillis() + random.nextInt((int) (most.toMillis() - least.toMillis()) + 1);
        long until = System.nanoTime() + millis * 1_000_000;
        while (System.nanoTime() < until) {
            LockSupport.parkNanos(until - System.nanoTime());
        }
    }

    /** Kills a member and starts another in its place. */
    public void replace(Member member) {
        member.kill();
        members.gone(member);
        Member unused = members.start();
    }

    /** Notes what a fault itself has found wrong. */
    public void trouble(Finding finding) {
        troubles.add(finding);
    }

    List<Finding> troubles() {
        return troubles;
    }

    /** Reads what the log has that is not recorded yet. */
    public Map<Integer, Long> record() {
        Map<Integer, Long> from = new HashMap<>();
        partitions().forEach(partition -> from.put(partition, recordedTo.getOrDefault(partition, 0L)));
        Map<Integer, Long> ends = read(truth, from);
        recordedTo.putAll(ends);
        return ends;
    }

    private Map<Integer, Long> read(LogTruth into, Map<Integer, Long> from) {
        String address = "bootstrap.servers";
        Map<String, Object> kafka =
                Map.of(address, servers.kafka().consumerConfig(topic, "eager").get(address));
        try (LogReader reader = new LogReader(kafka, topic, Transfers.parser())) {
            return reader.readInto(into, incarnation, from);
        }
    }

    /** The first offset that a partition still holds. */
    public long logStart(int partition) {
        TopicPartition place = new TopicPartition(topic, partition);
        return KafkaClients.get(servers.kafka()
                        .admin()
                        .listOffsets(Map.of(place, OffsetSpec.earliest()))
                        .partitionResult(place))
                .offset();
    }

    /** What the log does not hold any more may have had no effect. */
    public void noteCompaction() {
        LogTruth kept = new LogTruth();
        Map<Integer, Long> ends = read(kept, Map.of());
        ends.forEach((partition, end) -> truth.compacted(
                incarnation,
                partition,
                end,
                kept.expected(partition, new Stretch(incarnation, 0, end)).stream()
                        .map(Entry::offset)
                        .collect(Collectors.toSet())));
    }

    @Override
    public void close() {
        load.close();
        members.close();
        observer.close();
        closePooler();
        opened.forEach(World::close);
    }
}
