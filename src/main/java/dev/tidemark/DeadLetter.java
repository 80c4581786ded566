package dev.tidemark;

import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A parked record, as stored in {@code dead_letter}. Components may be added.
 *
 * @param id identifies it
 * @param record raw, as Kafka delivered it; without a leader epoch
 * @param holdsKey whether later records of its key are parked behind it
 * @param errorCode why it was parked, such as TM-502; empty if it only followed a parked record of its key
 * @param errorClass class of the exception; empty if it only followed
 * @param sqlState SQLSTATE of the database's error that was the cause; empty if there was none
 * @param errorText what the SQLSTATE means, and the constraint, table and column that the server named: no record's content; empty as
 *     that
 * @param errorMessage the exception's message, which may contain data; empty if it has none
 * @param errorStack the exception's stack trace, cut after 64 KiB; empty if it only followed
 * @param attempts how often it was tried by itself; 0 if it only followed
 * @param parkedBy the name of the consumer that parked it
 * @param parkedAt when, by the server's clock
 * @param supersededAt since when it is to be read again from the log, because the offset was moved back below it; then it cannot be
 *     redriven. Empty otherwise
 */
public record DeadLetter(
        long id,
        ConsumerRecord<byte[], byte[]> record,
        boolean holdsKey,
        Optional<String> errorCode,
        Optional<String> errorClass,
        Optional<String> sqlState,
        Optional<String> errorText,
        Optional<String> errorMessage,
        Optional<String> errorStack,
        int attempts,
        String parkedBy,
        Instant parkedAt,
        Optional<Instant> supersededAt) {
    /** The position and the code: never the record's content, nor the exception's message. */
    @Override
    public String toString() {
        return "dead letter " + id + ": topic " + record.topic() + " partition " + record.partition() + " offset "
                + record.offset() + errorCode.map(code -> " " + code).orElse("");
    }
}
