package dev.tidemark.internal.store.table;

import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** The beginning of a unit: its transaction's id, and which of the claims are still valid. */
public record BegunUnit(String transactionId, Set<TopicPartition> held) {}
