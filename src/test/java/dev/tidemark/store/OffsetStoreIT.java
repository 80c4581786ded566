package dev.tidemark.store;

import dev.tidemark.testkit.postgres.PostgresServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;

/** On Docker's server where there is an engine, on the newest embedded one otherwise. */
@Order(1) // its tests take longest
class OffsetStoreIT extends OffsetStoreContract {
    private static PostgresServer postgres;

    @BeforeAll
    static void start() {
        postgres = PostgresServer.start();
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    @Override
    PostgresServer server() {
        return postgres;
    }
}
