package dev.tidemark.testkit;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;

/** PostgreSQL from Maven's registry, 18 or, from a file, 14. */
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

    /** The oldest version that Tidemark supports; the build puts it there. */
    public static EmbeddedPostgresServer start14() {
        Path jar = Path.of("target", "postgresql-14", "postgresql-14.jar");
        return start(builder().setPgBinaryResolver((system, architecture) -> archive(jar)));
    }

    private static EmbeddedPostgres.Builder builder() {
        // Embedded servers start without durability.
        return EmbeddedPostgres.builder()
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("max_connections", "200")
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
            Path copy = Files.createTempFile("postgresql-14", ".txz");
            Files.write(copy, file.getInputStream(entry).readAllBytes());
            copy.toFile().deleteOnExit();
            return Files.newInputStream(copy);
        }
    }

    @Override
    public String jdbcUrl(String database) {
        return "jdbc:postgresql://localhost:" + port() + "/" + database + "?user=postgres&password="
                + Canary.PASSWORD.plant() + "&sslmode=disable&gssEncMode=disable";
    }

    @Override
    public int port() {
        return postgres.getPort();
    }

    /** {@code pg_ctl restart -m immediate}: as after a crash. */
    public void restartImmediately() {
        String bin;
        String data;
        try (Connection c = connect("postgres");
                Statement s = c.createStatement();
                ResultSet r = s.executeQuery(
                        "select (select setting from pg_config where name = 'BINDIR'), current_setting('data_directory')")) {
            r.next();
            bin = r.getString(1);
            data = r.getString(2);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        List<String> command = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            // PostgreSQL refuses to run as root; in a user namespace of its own it is not.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of(
                bin + "/pg_ctl",
                "restart",
                "-m",
                "immediate",
                "-w",
                "-D",
                data,
                "-l",
                data + "/restart.log",
                "-o",
                "-p " + port()
                        + " -c fsync=on -c synchronous_commit=on -c full_page_writes=on -c max_connections=200"));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("pg_ctl restart failed: " + command);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
