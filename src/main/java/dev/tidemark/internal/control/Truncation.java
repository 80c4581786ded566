package dev.tidemark.internal.control;

import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * What Kafka says of a log that lost its end.
 *
 * @param happened whether it did
 * @param divergent the first offset that holds another record than it did, or none, where Kafka knows it
 */
record Truncation(boolean happened, Map<TopicPartition, Long> divergent) {}
