package dev.tidemark.proof.seeded;

import dev.tidemark.proof.chaos.member.HoldGate;
import dev.tidemark.proof.kit.TransferHandler;
import dev.tidemark.proof.seeded.SeededStore.Claim;
import dev.tidemark.testkit.process.ProcessSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A small consumer that follows the protocol in one thread: claim, effects and advance in one transaction, both checks, and a claim
 * after every fence and every unknown commit. With a bug it does one of these wrong.
 */
final class SeededConsumer implements ConsumerRebalanceListener {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long SECOND = 1_000_000_000;

    private final ProcessSettings settings;
    private final Bug bug;
    private final HoldGate gate;
    private final SeededStore store;
    private final String topic;
    private final KafkaConsumer<String, String> consumer;
    private final Map<Integer, Claim> claims = new HashMap<>();
    private final Map<Integer, List<ConsumerRecord<String, String>>> buffer = new HashMap<>();
    private final Set<Integer> unclaimed = new HashSet<>();
    private final Map<Integer, Long> halted = new HashMap<>();
    private Connection connection;
    private long lastChores;
    private volatile boolean stopped;

    SeededConsumer(ProcessSettings settings, Bug bug, HoldGate gate) {
        this.settings = settings;
        this.bug = bug;
        this.gate = gate;
        this.topic = settings.get("topic");
        String name = "seeded/" + ProcessHandle.current().pid() + "/1";
        this.store = new SeededStore(settings.get("group"), topic, bug, name);
        Map<String, Object> config = new HashMap<>(settings.kafka());
        config.put("enable.auto.commit", "false");
        config.put("isolation.level", "read_committed");
        config.put("auto.offset.reset", bug == Bug.RESET_TO_EARLIEST ? "earliest" : "none");
        config.put("allow.auto.create.topics", "false");
        this.consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    void stop() {
        stopped = true;
    }

    void run() throws Exception {
        bind();
        consumer.subscribe(List.of(topic), this);
        while (!stopped) {
            poll();
            try {
                claim();
                unit();
                chores();
            } catch (SQLException e) {
                System.out.println("database: " + e.getSQLState());
                disconnect();
            }
        }
        try {
            for (Claim claim : claims.values()) {
                store.release(connection(), claim);
            }
        } catch (SQLException e) {
            System.out.println("not released: " + e.getSQLState());
        }
        consumer.close();
        disconnect();
    }

    private void bind() throws Exception {
        try (Admin admin = Admin.create(settings.kafka())) {
            var description =
                    admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            String cluster = admin.describeCluster().clusterId().get();
            while (true) {
                try {
                    store.bind(
                            connection(),
                            cluster,
                            description.topicId().toString(),
                            description.partitions().size());
                    return;
                } catch (SQLException e) {
                    disconnect();
                }
            }
        }
    }

    private Connection connection() throws SQLException {
        if (connection == null || connection.isClosed()) {
            // Named, so that the audit can tell processes apart; unprepared, so that the proxy sees each statement.
            connection = DriverManager.getConnection(settings.get("jdbc") + "&prepareThreshold=0&socketTimeout=10"
                    + "&options=-c%20idle_in_transaction_session_timeout=6000&ApplicationName=seeded-"
                    + ProcessHandle.current().pid());
        }
        connection.setAutoCommit(true);
        return connection;
    }

    private void disconnect() {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            // It is gone.
        }
        connection = null;
    }

    private void poll() {
        try {
            for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
                if (claims.containsKey(record.partition())) {
                    buffer.computeIfAbsent(record.partition(), p -> new ArrayList<>())
                            .add(record);
                }
            }
        } catch (OffsetOutOfRangeException e) {
            // A gap is a person's business.
            for (TopicPartition partition : e.partitions()) {
                halted.put(
                        partition.partition(), claims.get(partition.partition()).next());
                forget(partition.partition());
                consumer.pause(List.of(partition));
                // Anywhere inside the log, so that the others can be polled.
                consumer.seekToEnd(List.of(partition));
            }
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            unclaimed.add(partition.partition());
            consumer.pause(List.of(partition));
            consumer.seek(partition, 0);
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            Claim claim = claims.get(partition.partition());
            if (claim != null) {
                try {
                    store.release(connection(), claim);
                } catch (SQLException e) {
                    disconnect();
                }
            }
        }
        onPartitionsLost(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            forget(partition.partition());
            unclaimed.remove(partition.partition());
            halted.remove(partition.partition());
        }
    }

    private void forget(int partition) {
        claims.remove(partition);
        if (bug != Bug.STALE_BUFFER) {
            buffer.remove(partition);
        }
    }

    /** A claim is lost, or nobody knows what became of its unit: the row tells. */
    private void claimAnew(int partition) {
        forget(partition);
        unclaimed.add(partition);
    }

    private void claim() throws SQLException {
        for (int partition : List.copyOf(unclaimed)) {
            TopicPartition place = new TopicPartition(topic, partition);
            Claim claim = store.claim(connection(), partition);
            claims.put(partition, claim);
            unclaimed.remove(partition);
            if (bug != Bug.STALE_BUFFER || !buffer.containsKey(partition)) {
                consumer.seek(place, claim.next());
            }
            consumer.resume(List.of(place));
        }
    }

    /** Everything that is buffered, in one transaction. */
    private void unit() throws Exception {
        Map<Claim, Long> moves = new HashMap<>();
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        for (Claim claim : claims.values()) {
            List<ConsumerRecord<String, String>> own = buffer.getOrDefault(claim.partition(), List.of());
            if (!own.isEmpty()) {
                records.addAll(own);
                long last = own.get(own.size() - 1).offset();
                moves.put(claim, bug == Bug.OFFSET_OF_LAST ? last : last + 1);
            } else if (bug != Bug.NEXT_OFFSETS_IGNORED) {
                long position = consumer.position(new TopicPartition(topic, claim.partition()));
                if (position > claim.next()) {
                    moves.put(claim, position);
                }
            }
        }
        if (!moves.isEmpty()) {
            write(moves, records);
        }
    }

    private void write(Map<Claim, Long> moves, List<ConsumerRecord<String, String>> records) throws Exception {
        Connection c = connection();
        c.setAutoCommit(false);
        String transaction = store.transaction(c);
        if (!records.isEmpty()) {
            TransferHandler.write(c, records);
            if (bug == Bug.NO_TRANSACTION_GUARD || bug == Bug.TWO_TRANSACTIONS) {
                c.commit();
            }
            gate.pass();
        }
        List<Claim> fenced = new ArrayList<>();
        for (Map.Entry<Claim, Long> move : moves.entrySet()) {
            if (!store.advance(c, move.getKey(), move.getValue(), transaction)) {
                fenced.add(move.getKey());
            }
        }
        if (!fenced.isEmpty()) {
            c.rollback();
            fenced.forEach(claim -> claimAnew(claim.partition()));
            return;
        }
        try {
            c.commit();
        } catch (SQLException e) {
            moves.keySet().forEach(claim -> claimAnew(claim.partition()));
            throw e;
        }
        moves.forEach((claim, next) -> {
            claims.put(claim.partition(), claim.at(next));
            buffer.remove(claim.partition());
        });
    }

    /** Samples the ends of the log, and looks whether a person has dealt with a gap, or moved an idle partition. */
    private void chores() throws SQLException {
        if (System.nanoTime() - lastChores < SECOND) {
            return;
        }
        lastChores = System.nanoTime();
        List<TopicPartition> owned =
                claims.keySet().stream().map(p -> new TopicPartition(topic, p)).toList();
        for (Map.Entry<TopicPartition, Long> end : consumer.endOffsets(owned).entrySet()) {
            store.sampled(connection(), end.getKey().partition(), end.getValue());
        }
        for (Map.Entry<Integer, Long> gap : Map.copyOf(halted).entrySet()) {
            store.halted(connection(), gap.getKey());
            if (store.position(connection(), gap.getKey()).orElse(0) != gap.getValue()) {
                halted.remove(gap.getKey());
                unclaimed.add(gap.getKey());
            }
        }
    }
}
