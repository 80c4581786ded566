package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What a unit holds of one partition: records in offset order, under one claim.
 *
 * @param attempt how often these records are tried in a row, counting this time
 */
record Portion(Lane lane, Claim claim, List<ConsumerRecord<byte[], byte[]>> records, long bytes, int attempt) {}
