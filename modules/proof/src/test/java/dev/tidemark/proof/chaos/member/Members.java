package dev.tidemark.proof.chaos.member;

import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ProcessSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;

/** The consumer processes of a run: starts them, each behind a proxy of its own, and knows those that are meant to live. */
public final class Members implements AutoCloseable {
    private final Path directory;
    private final Class<?> main;
    private final ProcessSettings settings;
    private final Map<String, String> environment;
    private final IntSupplier port;
    private final List<Member> living = new ArrayList<>();
    private final List<Member> all = new ArrayList<>();

    /**
     * Starts none yet.
     *
     * @param directory for logs, and for what they were told
     * @param main a class that understands the settings
     * @param settings of each; {@code jdbc} with {@code {port}} where the proxy's goes
     * @param environment variables of each process
     * @param port of the database server, asked for each connection
     */
    public Members(
            Path directory,
            Class<?> main,
            ProcessSettings settings,
            Map<String, String> environment,
            IntSupplier port) {
        this.directory = directory;
        this.main = main;
        this.settings = settings;
        this.environment = environment;
        this.port = port;
    }

    /** Starts one more. */
    public Member start() {
        int number = all.size() + 1;
        PostgresProxy proxy;
        try {
            proxy = new PostgresProxy(port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, String> own = new HashMap<>(settings.own());
        own.replaceAll(
                (key, value) -> key.equals("jdbc") ? value.replace("{port}", Integer.toString(proxy.port())) : value);
        own.put("told", directory.resolve("told-" + number).toString());
        List<String> jvmArgs = new ArrayList<>(ChildJvm.QUICK);
        jvmArgs.add("-Xmx96m");
        Member member = new Member(
                ChildJvm.start(
                        directory.resolve("member-" + number + ".log"),
                        ChildJvm.classPath(),
                        main.getName(),
                        jvmArgs,
                        new ProcessSettings(own, settings.kafka()).args(),
                        environment),
                proxy);
        living.add(member);
        all.add(member);
        return member;
    }

    /** Those that are meant to live. */
    public List<Member> living() {
        return List.copyOf(living);
    }

    /** Notes that one is not meant to live any more. */
    public void gone(Member member) {
        living.remove(member);
    }

    /** Whoever has this process id, dead or alive. */
    public Member byPid(long pid) {
        return all.stream().filter(member -> member.pid() == pid).findFirst().orElseThrow();
    }

    /** SIGTERM for all; returns how many did not end cleanly. */
    public long terminate() {
        long unclean = living.stream().filter(member -> !member.terminate()).count();
        living.clear();
        return unclean;
    }

    @Override
    public void close() {
        all.forEach(Member::close);
    }
}
