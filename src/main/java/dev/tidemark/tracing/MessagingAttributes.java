package dev.tidemark.tracing;

import dev.tidemark.TidemarkListener.Outcome;
import dev.tidemark.TidemarkListener.Unit;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Attributes and their values, as OpenTelemetry's semantic conventions for messaging name them, and one of our own. */
final class MessagingAttributes {
    static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
    static final AttributeKey<String> OPERATION = AttributeKey.stringKey("messaging.operation.name");
    static final AttributeKey<String> OPERATION_TYPE = AttributeKey.stringKey("messaging.operation.type");
    static final AttributeKey<String> DESTINATION = AttributeKey.stringKey("messaging.destination.name");
    static final AttributeKey<String> PARTITION = AttributeKey.stringKey("messaging.destination.partition.id");
    static final AttributeKey<String> GROUP = AttributeKey.stringKey("messaging.consumer.group.name");
    static final AttributeKey<Long> COUNT = AttributeKey.longKey("messaging.batch.message_count");
    static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");

    /** Whether the transaction only tries the records, to find the one that fails. */
    static final AttributeKey<Boolean> TRIAL = AttributeKey.booleanKey("tidemark.trial");

    static final String KAFKA = "kafka";
    static final String PROCESS = "process";

    private MessagingAttributes() {}

    /**
     * What a transaction was: its topic and its partition if it has only one.
     *
     * @param error why it did not commit; null if it did, or was a trial in which the handler succeeded
     */
    static Attributes of(Unit unit, @Nullable String error) {
        AttributesBuilder all =
                Attributes.builder().put(SYSTEM, KAFKA).put(OPERATION, PROCESS).put(GROUP, unit.groupId());
        Set<TopicPartition> partitions = unit.records().keySet();
        List<String> topics =
                partitions.stream().map(TopicPartition::topic).distinct().toList();
        if (topics.size() == 1) {
            all.put(DESTINATION, topics.get(0));
        }
        if (partitions.size() == 1) {
            all.put(PARTITION, Integer.toString(partitions.iterator().next().partition()));
        }
        if (unit.outcome() == Outcome.TRIAL) {
            all.put(TRIAL, true);
        }
        return (error == null ? all : all.put(ERROR, error)).build();
    }
}
