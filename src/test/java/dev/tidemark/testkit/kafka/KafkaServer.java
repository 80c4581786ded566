package dev.tidemark.testkit.kafka;

import dev.tidemark.testkit.process.Ports;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.Uuid;

/** A real broker in a JVM of its own, one node. Members that fall silent are noticed within seconds. */
public final class KafkaServer extends KafkaClients {
    private final int port;
    private final KafkaNode node;

    private KafkaServer(Path directory, int port, List<String> jvmArgs) {
        this.port = port;
        int controllerPort = Ports.free();
        Map<String, String> own = new HashMap<>();
        own.put("node.id", "1");
        own.put("process.roles", "broker,controller");
        own.put("listeners", "PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort);
        own.put("advertised.listeners", "PLAINTEXT://localhost:" + port);
        own.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        own.put("controller.quorum.voters", "1@localhost:" + controllerPort);
        // Under load a disk or a core can stop for longer than the tests' two seconds; then the only broker
        // would
        // be fenced.
        own.put("broker.session.timeout.ms", "30000");
        own.put("broker.heartbeat.interval.ms", "2000");
        this.node = new KafkaNode(directory, jvmArgs, own);
    }

    public static KafkaServer start(Path directory) {
        return start(directory, Ports.free());
    }

    public static KafkaServer start(Path directory, int port) {
        return start(directory, port, KafkaNode.QUICK);
    }

    /** For benchmarks: slower to start, and as fast as brokers are. */
    public static KafkaServer startStrong(Path directory) {
        return start(directory, Ports.free(), KafkaNode.STRONG);
    }

    private static KafkaServer start(Path directory, int port, List<String> jvmArgs) {
        KafkaServer server = new KafkaServer(directory, port, jvmArgs);
        server.node.format(Uuid.randomUuid().toString());
        server.boot();
        return server;
    }

    /** Starts the broker on the data it has. */
    public void boot() {
        node.boot();
        node.await(this::answers);
    }

    /** Its process. */
    public long pid() {
        return node.pid();
    }

    /** SIGSTOP: it keeps its connections, and never replies. */
    public void freeze() {
        node.freeze();
    }

    /** SIGCONT. */
    public void thaw() {
        node.thaw();
    }

    /** SIGKILL. */
    public void kill() {
        node.kill();
    }

    public String bootstrapServers() {
        return "localhost:" + port;
    }

    @Override
    protected Map<String, Object> connection() {
        return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers());
    }

    @Override
    public void close() {
        super.close();
        node.close();
    }
}
