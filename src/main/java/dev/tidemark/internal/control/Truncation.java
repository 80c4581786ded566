package dev.tidemark.internal.control;

import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * What Kafka says about a log that lost its end.
 *
 * @param happened whether it did
 * @param divergent the first offset whose record was replaced or lost, if Kafka knows it
 */
record Truncation(boolean happened, Map<TopicPartition, Long> divergent) {}
