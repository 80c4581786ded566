package dev.tidemark.testkit.postgres;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.process.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A real PgBouncer, in transaction mode by default, in front of a server that trusts local users. It can be killed and started again. */
public final class PgBouncer implements AutoCloseable {
    private final Path directory = Servers.directory("pgbouncer");
    private final Path binary;
    private final int port = Ports.free();
    private final int target;
    private final int poolSize;
    private Process process;

    private PgBouncer(Path binary, int target, int poolSize) {
        this.binary = binary;
        this.target = target;
        this.poolSize = poolSize;
    }

    /** Where it is installed; Debian's place is not on everybody's path. */
    public static Optional<Path> binary() {
        return Stream.concat(Arrays.stream(System.getenv("PATH").split(":")), Stream.of("/usr/sbin", "/usr/local/sbin"))
                .map(place -> Path.of(place, "pgbouncer"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Starts one.
     *
     * @param poolSize how many server connections all clients of a database share
     */
    public static PgBouncer start(EmbeddedPostgresServer server, int poolSize) {
        return start(server, poolSize, "transaction");
    }

    /**
     * Starts one that shares connections in another way.
     *
     * @param mode {@code session}, {@code transaction} or {@code statement}
     */
    public static PgBouncer start(EmbeddedPostgresServer server, int poolSize, String mode) {
        PgBouncer bouncer = new PgBouncer(binary().orElseThrow(), server.port(), poolSize);
        bouncer.boot(mode);
        return bouncer;
    }

    /** Starts it on its port in another mode, and returns when it replies. */
    public void boot(String mode) {
        configure(mode);
        boot();
    }

    private void configure(String mode) {
        Path users = directory.resolve("users.txt");
        try {
            Files.write(
                    users,
                    Arrays.stream(DatabaseRole.values())
                            .map(role -> "\"" + role.login() + "\" \"\"")
                            .toList());
            Files.write(
                    directory.resolve("pgbouncer.ini"),
                    List.of(
                            "[databases]",
                            "* = host=127.0.0.1 port=" + target,
                            "[pgbouncer]",
                            "listen_addr = 127.0.0.1",
                            "listen_port = " + port,
                            "unix_socket_dir =",
                            "auth_type = trust",
                            "auth_file = " + users.toAbsolutePath(),
                            "pool_mode = " + mode,
                            "default_pool_size = " + poolSize,
                            // Otherwise a server that was unavailable for a moment stays refused for 15 s.
                            "server_login_retry = 1",
                            // The driver asks for it in every connection; nothing here depends on it.
                            "ignore_startup_parameters = extra_float_digits"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts it on its port, and returns when it replies. */
    public void boot() {
        List<String> command = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            // PgBouncer refuses to run as root; in a user namespace of its own it is not.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of(
                binary.toString(),
                directory.resolve("pgbouncer.ini").toAbsolutePath().toString()));
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            directory.resolve("pgbouncer.log").toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        Awaitility.await("PgBouncer on port " + port)
                .atMost(Duration.ofMinutes(3))
                .until(this::answers);
    }

    private boolean answers() {
        if (!process.isAlive()) {
            throw new IllegalStateException("PgBouncer died, see " + directory);
        }
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    /** SIGKILL, and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(3, TimeUnit.MINUTES)) {
                throw new IllegalStateException("PgBouncer did not end, see " + directory);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The writer's URL of a database through this pooler, without any setting for it. */
    public String jdbcUrl(TestDatabase database) {
        return database.jdbcUrl().replace("localhost:" + database.server().port() + "/", "localhost:" + port + "/");
    }

    @Override
    public void close() {
        kill();
    }
}
