package dev.tidemark;

import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/**
 * Makes the Kafka clients of a consumer, for clients that are wrapped, instrumented or mocked. Both methods have defaults, so
 * implement only what differs. Each is called once per run, on the poll thread, which closes what it got.
 *
 * <p>The consumer must behave as a {@code KafkaConsumer} with these settings: Tidemark alone subscribes, seeks, pauses and polls. A
 * wrapper that changes offsets, drops records or hides rebalances breaks what Tidemark promises.
 */
public interface KafkaClients {
    /**
     * A consumer with these settings, among them deserializers of bytes.
     *
     * @throws RuntimeException ends the run, with this as the cause
     */
    default Consumer<byte[], byte[]> consumer(Map<String, Object> settings) {
        return new KafkaConsumer<>(settings);
    }

    /**
     * An Admin with these settings.
     *
     * @throws RuntimeException ends the run, with this as the cause
     */
    default Admin admin(Map<String, Object> settings) {
        return Admin.create(settings);
    }
}
