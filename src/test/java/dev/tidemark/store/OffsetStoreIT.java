package dev.tidemark.store;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.PostgresServer;

/** On the server that all tests share: Docker's where there is an engine, the newest embedded one otherwise. */
class OffsetStoreIT extends OffsetStoreContract {
    @Override
    PostgresServer server() {
        return Servers.postgres();
    }
}
