package dev.tidemark.demo;

import dev.tidemark.testkit.kafka.KafkaClients;
import dev.tidemark.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The processes of one group, each with a number, a small heap and a log of its own. */
final class Fleet implements AutoCloseable {
    private static final List<String> JVM = List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private final Group group;
    private final Path logs;
    private final List<String> args;
    private final List<ChildJvm> processes = new ArrayList<>();
    private int killed;

    Fleet(Group group, Path logs, List<String> args) {
        this.group = group;
        this.logs = logs;
        this.args = args;
        var unused = KafkaClients.withQuickSessions(group.consumerConfig(args.toArray(String[]::new)));
    }

    /** Starts one more; returns its name and process id, for people. */
    String start() {
        String log = group.processName() + "-" + (processes.size() + 1) + ".log";
        processes.add(ChildJvm.start(logs.resolve(log), group.main(), JVM, args));
        return name(processes.size());
    }

    /** SIGKILL; returns as {@link #start} does. */
    String kill(int number) {
        processes.get(number - 1).kill();
        killed++;
        return name(number);
    }

    int killed() {
        return killed;
    }

    int alive() {
        return (int) processes.stream().filter(ChildJvm::isAlive).count();
    }

    private String name(int number) {
        return group.processName() + "-" + number + " (pid "
                + processes.get(number - 1).pid() + ")";
    }

    @Override
    public void close() {
        processes.forEach(ChildJvm::close);
    }
}
