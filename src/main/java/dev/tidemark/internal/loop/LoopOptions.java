package dev.tidemark.internal.loop;

import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.store.schema.Schema;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/**
 * The validated settings of a {@link ClaimingLoop}.
 *
 * @param ownPollRecords whether the user has set {@code max.poll.records}; otherwise Kafka's default applies
 * @param storeId the expected store; empty for whichever is found first
 * @param strictIdentity whether each advance checks with Kafka that the topics are still the same
 */
public record LoopOptions(
        KafkaSettings kafka,
        boolean ownPollRecords,
        ReadPlan reading,
        DataSource dataSource,
        Schema schema,
        Optional<UUID> storeId,
        boolean strictIdentity) {
    /** How many records a poll returns at most. */
    int mostPolled() {
        return ownPollRecords ? kafka.maxPollRecords() : ConsumerConfig.DEFAULT_MAX_POLL_RECORDS;
    }

    /** For the KafkaConsumer, which decodes here. */
    Map<String, Object> consumerSettings() {
        Map<String, Object> settings = new HashMap<>(kafka.consumer());
        settings.remove(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG);
        settings.remove(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG);
        if (!ownPollRecords) {
            settings.remove(ConsumerConfig.MAX_POLL_RECORDS_CONFIG);
        }
        return settings;
    }
}
