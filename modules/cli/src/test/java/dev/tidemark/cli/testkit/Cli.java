package dev.tidemark.cli.testkit;

import dev.tidemark.cli.InProcess;
import dev.tidemark.cli.TidemarkCli;
import dev.tidemark.testkit.ProvokedCodes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ProcessLog;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The command line, which gets its servers through the environment: in this JVM, or as people call it, in a process of its own. */
public final class Cli {
    private static final AtomicInteger CALLS = new AtomicInteger();

    /** What a command left behind. */
    public record Result(int exitCode, String out, String err) {}

    private final Map<String, String> environment;
    private final @Nullable TestDatabase database;

    private Cli(Map<String, String> environment, @Nullable TestDatabase database) {
        this.environment = Map.copyOf(environment);
        this.database = database;
    }

    /** With these variables and no others of ours. */
    public static Cli with(Map<String, String> environment) {
        return new Cli(environment, null);
    }

    /** On these servers, each command as the role that needs no more rights than it. */
    public static Cli on(TestDatabase database, KafkaServer kafka) {
        return on(database, kafka.bootstrapServers());
    }

    /** On a database, and on Kafka wherever that is, each command as the role that needs no more rights than it. */
    public static Cli on(TestDatabase database, String bootstrapServers) {
        return new Cli(Map.of("TIDEMARK_BOOTSTRAP_SERVERS", bootstrapServers), database);
    }

    /** On a database alone, each command as the role that needs no more rights than it. */
    public static Cli on(TestDatabase database) {
        return new Cli(Map.of(), database);
    }

    /** On a database alone, each command as one role. */
    public static Cli as(DatabaseLogin login) {
        return with(Map.of("TIDEMARK_JDBC_URL", login.jdbcUrl()));
    }

    /** The role that needs no more rights than this command. */
    public static DatabaseRole roleFor(List<String> args) {
        return switch (args.isEmpty() ? "" : args.get(0)) {
            case "migrate" -> DatabaseRole.OWNER;
            case "run" -> args.contains("--migrate") ? DatabaseRole.OWNER : DatabaseRole.WRITER;
            // Doctor looks at what it connects as, and consumers are what it is there for.
            case "doctor" -> DatabaseRole.WRITER;
            case "describe", "groups", "list", "audit", "export" -> DatabaseRole.READER;
            case "dead-letters" ->
                switch (args.size() > 1 ? args.get(1) : "") {
                    case "drop", "show" -> DatabaseRole.OPERATOR;
                    case "redrive" -> DatabaseRole.WRITER;
                    default -> DatabaseRole.READER;
                };
            default -> DatabaseRole.OPERATOR;
        };
    }

    /** Runs a command to its end, in this JVM. */
    public Result run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = InProcess.run(variables(List.of(args)), out, err, args);
        Result result = new Result(exitCode, out.toString(), err.toString());
        try {
            Files.writeString(errorLog(), result.err());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ProvokedCodes.note(result.out() + result.err());
        return result;
    }

    /** The same on a thread of its own. */
    public CompletableFuture<Result> runInBackground(String... args) {
        return CompletableFuture.supplyAsync(() -> run(args), Threads.named("test-command"));
    }

    /** Runs a command to its end, in a process of its own. */
    public Result runProcess(String... args) {
        try (Running running = start(args)) {
            running.process().getOutputStream().close();
            String out = new String(running.process().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int exitCode = running.await(180);
            ProvokedCodes.note(out + running.err());
            return new Result(exitCode, out, running.err());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, String> variables(List<String> args) {
        Map<String, String> variables = new HashMap<>(environment);
        if (database != null) {
            variables.putIfAbsent(
                    "TIDEMARK_JDBC_URL", database.as(roleFor(args)).jdbcUrl());
        }
        return variables;
    }

    /** Standard error is a log, and the scan for canaries reads it. */
    private static Path errorLog() throws IOException {
        Files.createDirectories(ProcessLog.DIRECTORY);
        return ProcessLog.DIRECTORY.resolve(
                "cli-" + ProcessHandle.current().pid() + "-" + CALLS.incrementAndGet() + ".log");
    }

    /** Starts a command that runs until it is stopped. */
    public Running start(String... args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ChildJvm.QUICK);
        command.addAll(List.of("-Xmx256m", TidemarkCli.class.getName()));
        command.addAll(List.of(args));
        try {
            Path err = errorLog();
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("TIDEMARK_") || name.startsWith("PG"));
            builder.environment().putAll(variables(List.of(args)));
            builder.environment().put("CLASSPATH", ChildJvm.classPath());
            Process process = builder.start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            return new Running(process, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A command that has not ended yet. It is killed when this is closed. */
    public record Running(Process process, Path errors) implements AutoCloseable {
        /** What it said on standard error so far. */
        public String err() {
            try {
                return Files.readString(errors, StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Waits for its end; returns its exit code. */
        public int await(long seconds) {
            try {
                if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("the command did not end, see " + errors);
                }
                return process.exitValue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
