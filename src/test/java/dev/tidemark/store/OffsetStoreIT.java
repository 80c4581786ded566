package dev.tidemark.store;

import dev.tidemark.testkit.postgres.PostgresServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** On Docker's server where there is an engine, on the newest embedded one otherwise. */
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
