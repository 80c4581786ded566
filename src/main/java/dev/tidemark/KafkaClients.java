package dev.tidemark;

import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/**
 * Creates the Kafka clients of a consumer, for clients that are wrapped, instrumented or mocked. Both methods have defaults, so
 * implement only what differs. Each is called on the poll thread, which also closes the client: once per run, or again while the run cannot
 * begin because no broker's name can be resolved, or another member still holds the {@code group.instance.id}.
 *
 * <p>The consumer must behave as a {@code KafkaConsumer} with these settings: Tidemark alone subscribes, seeks, pauses and polls. A
 * wrapper that changes offsets, drops records or hides rebalances breaks Tidemark's guarantees.
 */
public interface KafkaClients {
    /**
     * Creates a consumer with these settings, which include byte array deserializers.
     *
     * @throws RuntimeException ends the run, with this as the cause
     */
    default Consumer<byte[], byte[]> consumer(Map<String, Object> settings) {
        return new KafkaConsumer<>(settings);
    }

    /**
     * Creates an Admin client with these settings.
     *
     * @throws RuntimeException ends the run, with this as the cause
     */
    default Admin admin(Map<String, Object> settings) {
        return Admin.create(settings);
    }
}
