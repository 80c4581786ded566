package dev.tidemark.recipes;

import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import dev.tidemark.recipes.SpringRecipe.FlightService;
import dev.tidemark.testkit.Flights.Flight;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A plain poll loop that calls a Spring bean for everything that wants a transaction. */
final class SpringLoop implements Runnable {
    private final ClaimingConsumer<String, Flight> consumer;
    private final FlightService service;
    private final Queue<Exception> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    SpringLoop(ClaimingConsumer<String, Flight> consumer, FlightService service) {
        this.consumer = consumer;
        this.service = service;
    }

    void stop() {
        stopped = true;
    }

    /** What the service threw so far. */
    Queue<Exception> failures() {
        return failures;
    }

    @Override
    public void run() {
        try (consumer) {
            while (!stopped) {
                ClaimedRecords<String, Flight> batch = consumer.poll(Duration.ofMillis(100));
                if (!batch.isEmpty()) {
                    apply(batch);
                }
            }
        }
    }

    private void apply(ClaimedRecords<String, Flight> batch) {
        // docs: spring-call
        try {
            service.apply(batch);
            batch.confirm(); // it has committed when it returns
        } catch (Exception e) {
            failures.add(e); // failed, fenced or unknown: the next poll finds out
        }
        // docs: end
    }
}
