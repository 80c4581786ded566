package dev.tidemark.admin;

import java.time.Instant;
import java.util.Optional;

/**
 * A dead letter without its key, its value and the exception's message, which are arbitrary data; {@link TidemarkAdmin#deadLetter}
 * returns them. Components may be added.
 *
 * @param id identifies it
 * @param offset the record's own offset
 * @param timestamp the record's; empty if it has none
 * @param errorCode why it was parked, such as TM-502; empty if it only followed a parked record of its key
 * @param errorClass class of the exception; empty if it only followed
 * @param sqlState SQLSTATE of the database's error that was the cause; empty if there was none
 * @param errorText what the SQLSTATE means, and the constraint, table and column that the server named: no record's content; empty as
 *     that
 * @param attempts how often it was tried by itself; 0 if it only followed
 * @param holdsKey whether later records of its key are parked behind it
 * @param parkedAt when, by the server's clock
 * @param supersededAt since when it is to be read again from the log, and cannot be redriven; empty otherwise
 */
public record DeadLetterSummary(
        long id,
        String topic,
        int partition,
        long offset,
        Optional<Instant> timestamp,
        Optional<String> errorCode,
        Optional<String> errorClass,
        Optional<String> sqlState,
        Optional<String> errorText,
        int attempts,
        boolean holdsKey,
        Instant parkedAt,
        Optional<Instant> supersededAt) {
    /**
     * The result for one that was to be dropped. Components may be added.
     *
     * @param dropped false if it is being redriven at that moment, and was kept
     */
    public record Drop(DeadLetterSummary deadLetter, boolean dropped) {}
}
