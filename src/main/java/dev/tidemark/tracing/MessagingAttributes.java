package dev.tidemark.tracing;

import io.opentelemetry.api.common.AttributeKey;

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
}
