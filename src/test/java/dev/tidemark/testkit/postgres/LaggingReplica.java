package dev.tidemark.testkit.postgres;

import dev.tidemark.testkit.Servers;

/**
 * A standby with the state of its primary at its creation, which can be promoted: what the primary commits afterwards never
 * reaches it.
 */
public final class LaggingReplica implements PostgresServer {
    private final PgCtl primary;
    private final PgCtl replica;
    private final int port;

    /** Stops the primary in good order for as long as the copy takes. */
    public LaggingReplica(PostgresServer server, int port) {
        this.port = port;
        primary = PgCtl.of(server);
        primary.stop("fast");
        replica = primary.coldCopy(Servers.directory("replica").resolve("data"), port);
        primary.start();
        replica.start();
    }

    /** The primary crashes for good and this one takes its place. */
    public void failOver() {
        primary.stop("immediate");
        replica.promote();
    }

    /** The same database, here. */
    public TestDatabase copyOf(TestDatabase database) {
        return new TestDatabase(this, database.name());
    }

    @Override
    public String jdbcUrl(String database, String login) {
        return EmbeddedPostgresServer.jdbcUrl(port, database, login);
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public void close() {
        replica.stop("immediate");
    }
}
