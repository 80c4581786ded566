package dev.tidemark.internal.plan;

import java.time.Duration;

/**
 * What is known about a thread of a consumer.
 *
 * @param name its name
 * @param died whether it has ended without being asked to
 * @param step what it is doing
 * @param busy for how long; zero while it is idle
 */
public record ThreadFacts(String name, boolean died, Step step, Duration busy) {
    /** What a thread can be doing. */
    public enum Step {
        /** Nothing to do, or nothing that is measured here. */
        RESTING("waiting for work"),
        /** In the deserializers of a record. */
        DECODING("decoding"),
        /** In a transaction, which is measured as an open unit. */
        TRANSACTION("in a transaction"),
        /** In a unit, and in none of its transactions: in a failure policy or a listener. */
        BETWEEN_TRANSACTIONS("in a unit between two transactions"),
        /** In the DataSource, or in a statement outside the units. */
        CONNECTING("waiting for the database"),
        /** In a task of the control thread. */
        CONTROL("in one task");

        private final String words;

        Step(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }

        /** Whether its time is measured here. */
        boolean isMeasured() {
            return this != RESTING && this != TRANSACTION;
        }

        /** Whether it waits for servers, which may be unavailable for long. */
        boolean waitsForServers() {
            return this == CONNECTING || this == CONTROL;
        }
    }
}
