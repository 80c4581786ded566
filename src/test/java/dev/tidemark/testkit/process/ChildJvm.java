package dev.tidemark.testkit.process;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** A JVM of its own that can be killed and stopped like any process. Its output goes to a file. */
public final class ChildJvm implements AutoCloseable {
    /** For processes that do little: they start quickly. */
    public static final List<String> QUICK =
            List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData");

    private final Process process;
    private final Path log;

    private ChildJvm(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts a main class on this JVM's class path. The child is killed when this JVM ends. */
    public static ChildJvm start(Path log, Class<?> main, List<String> jvmArgs, List<String> args) {
        return start(log, main.getName(), jvmArgs, args);
    }

    public static ChildJvm start(Path log, String main, List<String> jvmArgs, List<String> args) {
        return start(log, classPath(), main, jvmArgs, args);
    }

    /** Starts a main class on a class path of its own. */
    public static ChildJvm start(Path log, String classPath, String main, List<String> jvmArgs, List<String> args) {
        return start(log, classPath, main, jvmArgs, args, Map.of());
    }

    /** The same with variables of its environment. */
    public static ChildJvm start(
            Path log,
            String classPath,
            String main,
            List<String> jvmArgs,
            List<String> args,
            Map<String, String> variables) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmArgs);
        command.add(main);
        command.addAll(args);
        try {
            Files.createDirectories(log.toAbsolutePath().getParent());
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            Map<String, String> environment = builder.environment();
            environment.put("CLASSPATH", classPath);
            environment.putAll(variables);
            Process process = builder.start();
            killAtExit(process);
            return new ChildJvm(process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void killAtExit(Process process) {
        try {
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        } catch (IllegalStateException e) {
            // This JVM is already ending: nothing else would end the child.
            process.destroyForcibly();
            throw e;
        }
    }

    /** The class path that this code runs on. Inside Maven that is the loader's, not the one of the system property. */
    public static String classPath() {
        String surefire = System.getProperty("surefire.test.class.path");
        if (surefire != null) {
            return surefire;
        }
        if (ChildJvm.class.getClassLoader() instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs()).map(ChildJvm::path).collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    private static String path(URL url) {
        try {
            return Path.of(url.toURI()).toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** What it has written so far. */
    public String output() {
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.UTF_8) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a line to its standard input. */
    public void send(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL, and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        await(180);
    }

    /** SIGTERM, and waits until it is gone; returns its exit code. */
    public int terminate(long seconds) {
        process.destroy();
        return await(seconds);
    }

    /** SIGSTOP, and waits until the process is stopped; its sockets stay open. */
    public void freeze() {
        signal("STOP");
        Awaitility.await("process " + pid() + " is stopped")
                .atMost(Duration.ofMinutes(3))
                .until(() -> !isAlive() || isStopped());
    }

    private boolean isStopped() throws IOException {
        Process ps = new ProcessBuilder("ps", "-o", "state=", "-p", Long.toString(pid())).start();
        try (InputStream state = ps.getInputStream()) {
            return state.read() == 'T';
        }
    }

    /** SIGCONT. */
    public void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            int code = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IllegalStateException("kill -" + name + " ended with " + code);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until it ends by itself; returns its exit code. */
    public int await(long seconds) {
        try {
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                throw new IllegalStateException("process " + process.pid() + " did not end, see " + log);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Kills it if it still lives. */
    @Override
    public void close() {
        if (process.isAlive()) {
            thaw();
            kill();
        }
    }

    /** Writes a line into the child's log, to find one's way in it. */
    public void mark(String line) {
        try {
            Files.writeString(log, "---- " + line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
