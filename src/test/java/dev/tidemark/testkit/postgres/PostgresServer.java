package dev.tidemark.testkit.postgres;

import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.FlightEffects;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.ContainerLaunchException;

/**
 * A real PostgreSQL that makes commits durable. In Docker when there is an engine, embedded otherwise; {@code
 * -Dtidemark.test.postgres=docker|embedded} forces either.
 */
public interface PostgresServer extends AutoCloseable {
    AtomicInteger DATABASES = new AtomicInteger();

    /** Not UTC, on purpose. */
    String TIME_ZONE = "alter database %s set timezone to 'Asia/Kathmandu'";

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

    /** A URL for a database and a login, without TLS, which a proxy that reads frames could not follow. */
    String jdbcUrl(String database, String login);

    int port();

    @Override
    void close();

    /** A connection as superuser. */
    default Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(jdbcUrl(database, DatabaseRole.SUPERUSER.login()));
    }

    /** A new database, whose session time zone is not UTC, on purpose. */
    default TestDatabase createDatabase() {
        TestDatabase database = createDatabase(uniqueName());
        database.owner().execute(TIME_ZONE.formatted(database.name()));
        return database;
    }

    /** A new database with the offset store: a copy with an identity of its own. */
    default TestDatabase createStore() {
        return copy("store", TestDatabase::migrate);
    }

    /** A new database with the offset store and the flights' tables: a copy with an identity of its own. */
    default TestDatabase createFlights() {
        return copy("flights", template -> {
            template.migrate();
            FlightEffects.createTables(template);
        });
    }

    private TestDatabase copy(String templateName, Consumer<TestDatabase> fill) {
        String template = DatabaseTemplates.of(this, templateName, fill);
        TestDatabase database = new TestDatabase(this, uniqueName());
        try {
            KeptConnections.ask(jdbcUrl("postgres", DatabaseRole.SUPERUSER.login()), c -> {
                try (Statement s = c.createStatement()) {
                    s.execute("create database " + database.name() + " owner " + DatabaseRole.OWNER.login()
                            + " template " + template);
                    return s.execute(TIME_ZONE.formatted(database.name()));
                }
            });
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        database.owner().execute("update tidemark.store_info set store_id = default");
        return database;
    }

    private static String uniqueName() {
        return "t" + DATABASES.incrementAndGet() + "_" + ProcessHandle.current().pid();
    }

    /** A new database as the server makes it, but for the roles, which may use what its owner will make. */
    default TestDatabase createDatabase(String name) {
        return createDatabase(name, "");
    }

    /**
     * The same.
     *
     * @param options as CREATE DATABASE has them, from a blank on
     */
    default TestDatabase createDatabase(String name, String options) {
        String owner = DatabaseRole.OWNER.login();
        try (Connection c = connect("postgres");
                Statement s = c.createStatement()) {
            for (DatabaseRole role : DatabaseRole.values()) {
                s.execute("do $$ begin create role " + role.login() + " login password '" + Canary.PASSWORD.plant()
                        + "'; exception when duplicate_object or unique_violation then null; end $$");
            }
            s.execute("create database " + name + " owner " + owner + options);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        TestDatabase database = new TestDatabase(this, name);
        String people = DatabaseRole.WRITER.login() + ", " + DatabaseRole.OPERATOR.login();
        for (DatabaseLogin maker : List.of(database.owner(), database.superuser())) {
            String defaults = "alter default privileges in schema public grant ";
            maker.execute(
                    defaults + "select, insert, update, delete, truncate on tables to " + people,
                    defaults + "usage, select on sequences to " + people,
                    defaults + "select on tables to " + DatabaseRole.READER.login());
        }
        return database;
    }
}
