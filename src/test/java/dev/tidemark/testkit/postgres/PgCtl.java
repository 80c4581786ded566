package dev.tidemark.testkit.postgres;

import java.io.IOException;
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
import java.util.stream.Stream;

/** The server's own {@code pg_ctl}, for one data directory and port. */
final class PgCtl {
    private final String bin;
    private final Path data;
    private final int port;

    private PgCtl(String bin, Path data, int port) {
        this.bin = bin;
        this.data = data;
        this.port = port;
    }

    /** For a server that runs. */
    static PgCtl of(PostgresServer server) {
        try (Connection c = server.connect("postgres");
                Statement s = c.createStatement();
                ResultSet r = s.executeQuery(
                        "select (select setting from pg_config where name = 'BINDIR'), current_setting('data_directory')")) {
            r.next();
            return new PgCtl(r.getString(1), Path.of(r.getString(2)), server.port());
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@code pg_ctl restart -m immediate}: as after a crash. */
    void restartImmediately() {
        run(startingWith("restart", "-m", "immediate"));
    }

    void start() {
        run(startingWith("start"));
    }

    /** Smart, fast or immediate; the last as in a crash. */
    void stop(String mode) {
        run(List.of("stop", "-m", mode, "-w"));
    }

    void promote() {
        run(List.of("promote", "-w"));
    }

    /** Starts the stopped server as a standby that serves nobody, which replies to each login that it is not accepting connections. */
    void startAsColdStandby() {
        makeStandby(data);
        List<String> start = startingWith("start");
        start.set(start.size() - 1, start.get(start.size() - 1) + " -c hot_standby=off");
        run(start);
    }

    /** How many logins the server has refused since this class started it for the first time. */
    long refusedLogins() {
        try (Stream<String> lines = Files.lines(data.resolve("restart.log"))) {
            return lines.filter(line -> line.contains("FATAL:")).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A standby that has what the stopped server has, and gets nothing more. */
    PgCtl coldCopy(Path target, int copyPort) {
        execute(List.of("cp", "-a", data.toString(), target.toString()));
        makeStandby(target);
        return new PgCtl(bin, target.toAbsolutePath(), copyPort);
    }

    private static void makeStandby(Path directory) {
        try {
            Files.createFile(directory.resolve("standby.signal"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> startingWith(String... verb) {
        List<String> arguments = new ArrayList<>(List.of(verb));
        arguments.addAll(List.of(
                "-w",
                "-l",
                data + "/restart.log",
                "-o",
                "-p " + port + " -c fsync=on -c synchronous_commit=on -c full_page_writes=on -c max_connections=300"));
        return arguments;
    }

    private void run(List<String> arguments) {
        List<String> command = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            // PostgreSQL refuses to run as root; in a user namespace of its own it is not.
            command.addAll(List.of("unshare", "-U"));
        }
        command.add(bin + "/pg_ctl");
        command.addAll(arguments);
        command.addAll(List.of("-D", data.toString()));
        execute(command);
    }

    private static void execute(List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(3, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IllegalStateException("failed: " + command);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
