package dev.tidemark.internal.admin;

import dev.tidemark.internal.kafka.ClientLibrary;
import dev.tidemark.internal.kafka.KafkaSettings;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.IsolationLevel;

/**
 * How a call accesses Kafka.
 *
 * @param clients an Admin client for one call
 * @param own whether that client is closed at the end of the call
 * @param isolation how the group reads, which decides where a log ends
 */
public record KafkaAccess(Supplier<Admin> clients, boolean own, IsolationLevel isolation) {
    /** Milliseconds until a cluster that does not reply counts as unreachable. */
    private static final String PATIENCE = "15000";

    /** A client that the caller closes. */
    public static KafkaAccess shared(Admin admin, IsolationLevel isolation) {
        ClientLibrary.require();
        return new KafkaAccess(() -> admin, false, isolation);
    }

    /** A client for each call, which gives up after 15 s by default. */
    public static KafkaAccess of(KafkaSettings settings) {
        return new KafkaAccess(() -> Admin.create(patient(settings)), true, settings.isolationLevel());
    }

    /** The settings of an Admin client, which gives up after 15 s by default. */
    public static Map<String, Object> patient(KafkaSettings settings) {
        Map<String, Object> config = new HashMap<>(settings.admin());
        // One of them alone could contradict the other, which the client refuses.
        if (!config.containsKey(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG)
                && !config.containsKey(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG)) {
            config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, PATIENCE);
            config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE);
        }
        return config;
    }
}
