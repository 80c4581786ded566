package dev.tidemark.demo;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** The two consumer groups, which differ in their main class and in nothing that Kafka sees. */
enum Group {
    TIDEMARK("flights-etl", "tidemark", TidemarkProcess.class),
    TEXTBOOK("flights-textbook", "textbook", TextbookProcess.class);

    private final String id;
    private final String processName;
    private final Class<?> main;

    Group(String id, String processName, Class<?> main) {
        this.id = id;
        this.processName = processName;
        this.main = main;
    }

    String id() {
        return id;
    }

    String processName() {
        return processName;
    }

    Class<?> main() {
        return main;
    }

    /** The settings of a process of either group; {@link #consumerConfig} and {@link #jdbcUrl} read it. */
    static List<String> args(String bootstrapServers, String jdbcUrl) {
        return List.of(bootstrapServers, jdbcUrl);
    }

    static String jdbcUrl(String[] args) {
        return args[1];
    }

    /**
     * Kafka 4's own group protocol, kind to both: the members that live keep reading while the group waits for a killed one, as long as the
     * group's session timeout says.
     */
    Map<String, Object> consumerConfig(String[] args) {
        return Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                args[0],
                ConsumerConfig.GROUP_ID_CONFIG,
                id,
                ConsumerConfig.GROUP_PROTOCOL_CONFIG,
                "consumer");
    }
}
