package dev.tidemark;

import dev.tidemark.errors.ErrorCode;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record that failed, as a {@link FailurePolicy} sees it.
 *
 * @param record the record as Kafka delivered it
 * @param code TM-502 where the handler failed, TM-503 where the record cannot be decoded, TM-506 where the handler ran past its
 *     deadline
 * @param cause what the handler or the deserializer threw; its message may hold data
 * @param attempt how often this record was tried by itself, counting this time, from 1
 */
public record RecordFailure(ConsumerRecord<byte[], byte[]> record, ErrorCode code, Throwable cause, int attempt) {}
