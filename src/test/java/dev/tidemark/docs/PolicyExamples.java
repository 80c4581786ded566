package dev.tidemark.docs;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.GapPolicy;
import dev.tidemark.RedriveResult;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.Flights.Flight;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.common.errors.SerializationException;

/** The examples of docs/failures.md, one method each, so that they compile. */
final class PolicyExamples {
    private PolicyExamples() {}

    static TidemarkBuilder<String, Flight> halt(TidemarkBuilder<String, Flight> flights) {
        // docs: halt
        return flights.onFailure(FailurePolicy.halt());
        // docs: end
    }

    static TidemarkBuilder<String, Flight> retryThenPark(TidemarkBuilder<String, Flight> flights) {
        // docs: retry
        return flights.onFailure(FailurePolicy.retry(3, Duration.ofSeconds(1)).thenPark());
        // docs: end
    }

    static TidemarkBuilder<String, Flight> parkKey(TidemarkBuilder<String, Flight> flights) {
        // docs: park-key
        return flights.onFailure(FailurePolicy.retry(3, Duration.ofSeconds(1)).thenParkKey());
        // docs: end
    }

    static TidemarkBuilder<String, Flight> skip(TidemarkBuilder<String, Flight> flights) {
        // docs: skip
        return flights.onFailure(FailurePolicy.skip().withMaxConsecutiveFailures(10));
        // docs: end
    }

    static TidemarkBuilder<String, Flight> own(TidemarkBuilder<String, Flight> flights) {
        // docs: own
        return flights.onFailure(failure -> {
            if (failure.cause() instanceof SerializationException) {
                return FailureAction.park(); // it will not decode next time either
            }
            return failure.attempt() <= 5
                    ? FailureAction.retryAfter(Duration.ofSeconds(failure.attempt()))
                    : FailureAction.halt();
        });
        // docs: end
    }

    static TidemarkBuilder<String, Flight> resume(TidemarkBuilder<String, Flight> flights) {
        // docs: gap
        return flights.onGap(GapPolicy.resumeAtEarliest());
        // docs: end
    }

    static int redriveAll(TidemarkConsumer flights, DataSource dataSource) throws SQLException {
        // docs: redrive
        DeadLetters letters = DeadLetters.of("flights-etl");
        List<Long> ids;
        try (Connection connection = dataSource.getConnection()) {
            ids = letters.list(connection, 0, 1_000).stream()
                    .map(DeadLetter::id)
                    .toList();
        }
        List<RedriveResult> redriven = flights.redrive(ids); // the consumer's own handler, whether it runs or not
        // docs: end
        return (int) redriven.stream()
                .filter(r -> r.status() == RedriveResult.Status.APPLIED)
                .count();
    }

    static TidemarkConsumer handler(TidemarkBuilder<String, Flight> flights, Map<String, Integer> seats) {
        // docs: transient
        return flights.handle((record, tx) -> {
            Integer known = seats.get(record.value().origin());
            if (known == null) {
                throw new SQLTransientException("not known yet"); // transient: retried forever, never parked
            }
            tx.execute(
                    "update airport set departures = departures + 1 where code = ?",
                    record.value().origin());
        });
        // docs: end
    }
}
