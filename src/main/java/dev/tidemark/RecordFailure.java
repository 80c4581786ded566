package dev.tidemark;

import dev.tidemark.errors.ErrorCode;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record that failed, as passed to a {@link FailurePolicy}.
 *
 * @param record the record as Kafka delivered it
 * @param code TM-502 if the handler failed, TM-503 if the record cannot be decoded, TM-506 if the handler ran past its
 *     deadline
 * @param cause what the handler or the deserializer threw; its message may contain data
 * @param attempt how often this record was tried by itself, including this time, from 1
 */
public record RecordFailure(ConsumerRecord<byte[], byte[]> record, ErrorCode code, Throwable cause, int attempt) {}
