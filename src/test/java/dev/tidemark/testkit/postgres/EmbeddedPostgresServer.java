package dev.tidemark.testkit.postgres;

import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.process.Ports;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.jar.JarFile;

/** PostgreSQL from Maven's registry, 18 or, from files, 14 and 13. */
public final class EmbeddedPostgresServer implements PostgresServer {
    private final EmbeddedPostgres postgres;

    private EmbeddedPostgresServer(EmbeddedPostgres postgres) {
        this.postgres = postgres;
    }

    public static EmbeddedPostgresServer start() {
        return start(builder());
    }

    public static EmbeddedPostgresServer start(int port) {
        return start(builder().setPort(port));
    }

    /** With its own settings in addition to those for durability. */
    public static EmbeddedPostgresServer start(Map<String, String> settings) {
        EmbeddedPostgres.Builder builder = builder();
        settings.forEach(builder::setServerConfig);
        return start(builder);
    }

    /** The oldest version that Tidemark supports. */
    public static EmbeddedPostgresServer start14() {
        return startOlder("postgresql-14.jar");
    }

    /** The newest version that Tidemark refuses; empty where the build finds none for this platform. */
    public static Optional<EmbeddedPostgresServer> start13() {
        return Files.exists(older("postgresql-13.jar"))
                ? Optional.of(startOlder("postgresql-13.jar"))
                : Optional.empty();
    }

    /** The build puts it there. */
    private static EmbeddedPostgresServer startOlder(String name) {
        return start(builder().setPgBinaryResolver((system, architecture) -> archive(older(name))));
    }

    private static Path older(String name) {
        return Path.of("target", "older-postgresql", name);
    }

    private static EmbeddedPostgres.Builder builder() {
        // Embedded servers start without durability.
        return EmbeddedPostgres.builder()
                .setPort(Ports.free())
                // On a busy machine it may take longer than the ten seconds it is given otherwise.
                .setPGStartupWait(Duration.ofMinutes(3))
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("max_connections", "300")
                // With hundreds of databases it would be busy with nothing else.
                .setServerConfig("autovacuum_naptime", "1h")
                .setServerConfig("max_prepared_transactions", "0")
                .setServerConfig("log_min_messages", "warning");
    }

    private static EmbeddedPostgresServer start(EmbeddedPostgres.Builder builder) {
        try {
            return new EmbeddedPostgresServer(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream archive(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            var entry = file.stream()
                    .filter(e -> e.getName().endsWith(".txz"))
                    .findFirst()
                    .orElseThrow();
            Path copy = Files.createTempFile("older-postgresql", ".txz");
            Files.write(copy, file.getInputStream(entry).readAllBytes());
            copy.toFile().deleteOnExit();
            return Files.newInputStream(copy);
        }
    }

    @Override
    public String jdbcUrl(String database, String login) {
        return jdbcUrl(port(), database, login);
    }

    static String jdbcUrl(int port, String database, String login) {
        return "jdbc:postgresql://localhost:" + port + "/" + database + "?user=" + login + "&password="
                + Canary.PASSWORD.plant() + "&sslmode=disable&gssEncMode=disable";
    }

    @Override
    public int port() {
        return postgres.getPort();
    }

    /** {@code pg_ctl restart -m immediate}: as after a crash. */
    public void restartImmediately() {
        PgCtl.of(this).restartImmediately();
    }

    /** Stops as in a crash; what it returns starts the server again. */
    public Runnable stopImmediately() {
        PgCtl ctl = PgCtl.of(this);
        ctl.stop("immediate");
        return ctl::start;
    }

    /** Stops as in a crash and starts as a standby that replies to every login, and refuses it. */
    public Refusing refuseLogins() {
        PgCtl ctl = PgCtl.of(this);
        ctl.stop("immediate");
        ctl.startAsColdStandby();
        return new Refusing(ctl);
    }

    /** A server that refuses every login until it {@link #serve serves} again. */
    public static final class Refusing {
        private final PgCtl ctl;

        private Refusing(PgCtl ctl) {
            this.ctl = ctl;
        }

        /** How many logins it has refused. */
        public long logins() {
            return ctl.refusedLogins();
        }

        public void serve() {
            ctl.promote();
        }
    }

    @Override
    public void close() {
        try {
            // An orderly stop would write out what is deleted next.
            PgCtl.of(this).stop("immediate");
        } catch (IllegalStateException e) {
            // A test has stopped it.
        }
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
