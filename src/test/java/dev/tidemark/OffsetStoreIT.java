package dev.tidemark;

import dev.tidemark.testkit.PostgresServer;
import dev.tidemark.testkit.Servers;

/** On the server that all tests share: Docker's where there is an engine, the newest embedded one otherwise. */
class OffsetStoreIT extends OffsetStoreContract {
    @Override
    PostgresServer server() {
        return Servers.postgres();
    }
}
