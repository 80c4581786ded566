package dev.tidemark.testkit;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.ContainerLaunchException;

/**
 * A real PostgreSQL that makes commits durable. In Docker when there is an engine, embedded otherwise; {@code
 * -Dtidemark.test.postgres=docker|embedded} forces either.
 */
public interface PostgresServer extends AutoCloseable {
    AtomicInteger DATABASES = new AtomicInteger();

    /** Whichever this machine can run. */
    static PostgresServer start() {
        String wish = System.getProperty("tidemark.test.postgres", "auto");
        return switch (wish) {
            case "docker" -> DockerPostgres.start();
            case "embedded" -> EmbeddedPostgresServer.start();
            case "auto" ->
                DockerClientFactory.instance().isDockerAvailable()
                        ? dockerOrEmbedded()
                        : EmbeddedPostgresServer.start();
            default -> throw new IllegalArgumentException("tidemark.test.postgres=" + wish);
        };
    }

    /** An engine that cannot fetch images is as good as none. */
    private static PostgresServer dockerOrEmbedded() {
        try {
            return DockerPostgres.start();
        } catch (ContainerFetchException | ContainerLaunchException e) {
            System.out.println("Docker is there and runs no PostgreSQL, so the embedded one is used: " + e);
            return EmbeddedPostgresServer.start();
        }
    }

    /** A URL for a database, without TLS, which a proxy that reads frames could not follow. */
    String jdbcUrl(String database);

    int port();

    @Override
    void close();

    /** A connection as superuser. */
    default Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(jdbcUrl(database));
    }

    /** A new database, whose session time zone is not UTC, on purpose. */
    default TestDatabase createDatabase() {
        String name = "t" + DATABASES.incrementAndGet() + "_"
                + ProcessHandle.current().pid();
        TestDatabase database = createDatabase(name);
        database.execute("alter database " + name + " set timezone to 'Asia/Kathmandu'");
        return database;
    }

    /** A new database as the server makes it. */
    default TestDatabase createDatabase(String name) {
        TestDatabase database = new TestDatabase(this, name);
        try (Connection c = connect("postgres");
                Statement s = c.createStatement()) {
            s.execute("create database " + name);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return database;
    }
}
