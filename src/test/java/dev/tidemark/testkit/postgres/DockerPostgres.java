package dev.tidemark.testkit.postgres;

import dev.tidemark.testkit.Canary;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** PostgreSQL in a container. */
final class DockerPostgres implements PostgresServer {
    private final PostgreSQLContainer container;

    private DockerPostgres(PostgreSQLContainer container) {
        this.container = container;
    }

    static DockerPostgres start() {
        PostgreSQLContainer container = new PostgreSQLContainer("postgres:17")
                .withUsername(DatabaseRole.SUPERUSER.login())
                .withPassword(Canary.PASSWORD.plant())
                .withCommand("postgres", "-c", "max_connections=300");
        container.start();
        return new DockerPostgres(container);
    }

    @Override
    public String jdbcUrl(String database, String login) {
        return "jdbc:postgresql://" + container.getHost() + ":" + port() + "/" + database + "?user=" + login
                + "&password=" + container.getPassword() + "&sslmode=disable&gssEncMode=disable";
    }

    @Override
    public int port() {
        return container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT);
    }

    @Override
    public void close() {
        container.stop();
    }
}
