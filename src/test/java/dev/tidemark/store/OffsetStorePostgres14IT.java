package dev.tidemark.store;

import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.PostgresServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;

/** On the oldest PostgreSQL that Tidemark supports. */
@Order(1) // its tests take longest
@Tag("exhaustive")
class OffsetStorePostgres14IT extends OffsetStoreContract {
    private static EmbeddedPostgresServer postgres;

    @BeforeAll
    static void start() {
        postgres = EmbeddedPostgresServer.start14();
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
