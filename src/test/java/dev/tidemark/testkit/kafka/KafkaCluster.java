package dev.tidemark.testkit.kafka;

import dev.tidemark.testkit.process.Ports;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.awaitility.Awaitility;

/**
 * Two brokers, 1 and 2, and a controller that stays. A broker that missed records may lead nevertheless, so that logs can be made
 * to diverge.
 */
public final class KafkaCluster extends KafkaClients {
    private static final int CONTROLLER = 3;

    private final Map<Integer, Integer> ports = new TreeMap<>();
    private final Map<Integer, KafkaNode> brokers = new TreeMap<>();
    private final KafkaNode controller;

    private KafkaCluster(Path directory) {
        int controllerPort = Ports.free();
        Map<String, String> all = new HashMap<>();
        all.put("controller.quorum.voters", CONTROLLER + "@localhost:" + controllerPort);
        all.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        all.put("unclean.leader.election.enable", "true");
        all.put("min.insync.replicas", "1");
        all.put("offsets.topic.replication.factor", "2");
        Map<String, String> own = new HashMap<>(all);
        own.put("node.id", Integer.toString(CONTROLLER));
        own.put("process.roles", "controller");
        own.put("listeners", "CONTROLLER://localhost:" + controllerPort);
        this.controller = new KafkaNode(directory.resolve("controller"), own);
        for (int id : List.of(1, 2)) {
            int port = Ports.free();
            ports.put(id, port);
            own = new HashMap<>(all);
            own.put("node.id", Integer.toString(id));
            own.put("process.roles", "broker");
            own.put("listeners", "PLAINTEXT://localhost:" + port);
            brokers.put(id, new KafkaNode(directory.resolve("broker-" + id), own));
        }
    }

    public static KafkaCluster start(Path directory) {
        KafkaCluster cluster = new KafkaCluster(directory);
        String clusterId = Uuid.randomUuid().toString();
        cluster.controller.format(clusterId);
        cluster.controller.boot();
        cluster.brokers.values().forEach(node -> node.format(clusterId));
        cluster.brokers.values().forEach(KafkaNode::boot);
        cluster.brokers.forEach((id, node) -> node.await(() -> cluster.sees(id)));
        return cluster;
    }

    /** SIGKILL. */
    public void kill(int id) {
        brokers.get(id).kill();
    }

    /** Starts a broker on the data it has, and waits until the other clients can see it. */
    public void boot(int id) {
        brokers.get(id).boot();
        brokers.get(id).await(() -> sees(id));
    }

    private boolean sees(int id) {
        return answers() && get(admin().describeCluster().nodes()).stream().anyMatch(node -> node.id() == id);
    }

    /** Waits until exactly these brokers hold all that is committed of a partition, and the first of them leads. */
    public void awaitReplicas(TopicPartition partition, Integer... ids) {
        Awaitility.await(partition + " is led by broker " + ids[0])
                .ignoreExceptions()
                .until(() -> {
                    TopicPartitionInfo info = describe(partition);
                    Node leader = info.leader();
                    return leader != null
                            && leader.id() == ids[0]
                            && info.isr().stream()
                                    .map(Node::id)
                                    .collect(Collectors.toSet())
                                    .equals(Set.of(ids));
                });
    }

    /** How many brokers hold all that is committed of a partition. */
    public int replicasInSync(TopicPartition partition) {
        return describe(partition).isr().size();
    }

    /** Which broker leads a partition. */
    public int leader(TopicPartition partition) {
        return describe(partition).leader().id();
    }

    private TopicPartitionInfo describe(TopicPartition partition) {
        TopicDescription topic = get(admin().describeTopics(List.of(partition.topic()))
                        .allTopicNames())
                .get(partition.topic());
        return topic.partitions().get(partition.partition());
    }

    @Override
    protected short replicas() {
        return 2;
    }

    @Override
    protected Map<String, Object> connection() {
        return Map.of(
                CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
                ports.values().stream().map(port -> "localhost:" + port).collect(Collectors.joining(",")));
    }

    @Override
    public void close() {
        super.close();
        brokers.values().forEach(KafkaNode::close);
        controller.close();
    }
}
