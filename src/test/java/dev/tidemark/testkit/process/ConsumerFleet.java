package dev.tidemark.testkit.process;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaClients;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Several consumer processes of one group, with quick sessions. They are killed when the fleet is closed. */
public final class ConsumerFleet implements AutoCloseable {
    private final Map<String, Object> kafka;
    private final Map<String, String> settings;
    private final Path logs = Servers.directory("fleet");
    private final List<ChildJvm> running = new ArrayList<>();
    private int started;

    public ConsumerFleet(Map<String, Object> kafka, TestDatabase database, String topic, Map<String, String> more) {
        this.kafka = KafkaClients.withQuickSessions(kafka);
        this.settings = new HashMap<>(more);
        settings.putIfAbsent("jdbc", database.jdbcUrl());
        settings.put("topic", topic);
    }

    public ChildJvm start() {
        return start(Map.of());
    }

    /** Starts one with other settings than the rest. */
    public ChildJvm start(Map<String, String> others) {
        Map<String, String> own = new HashMap<>(settings);
        own.putAll(others);
        ChildJvm child = ConsumerMain.start(logs.resolve("consumer-" + ++started + ".log"), kafka, own);
        running.add(child);
        return child;
    }

    public void start(int count) {
        for (int i = 0; i < count; i++) {
            ChildJvm unused = start();
        }
    }

    /** SIGKILL for one of them, and another in its place. */
    public void replaceOne(Random random) {
        running.remove(random.nextInt(running.size())).kill();
        ChildJvm unused = start();
    }

    /** What a process wrote last, for a message. */
    public String outputs() {
        StringBuilder all = new StringBuilder();
        for (ChildJvm child : running) {
            String output = child.output();
            all.append("---- pid ")
                    .append(child.pid())
                    .append(child.isAlive() ? " (alive)\n" : " (dead)\n")
                    .append(output, Math.max(0, output.length() - 4_000), output.length());
        }
        return all.toString();
    }

    /** The process ids of those that run. */
    public List<Long> pids() {
        return running.stream().map(ChildJvm::pid).toList();
    }

    /** SIGTERM for all; returns whether all ended cleanly. */
    public boolean terminate() {
        boolean orderly = true;
        for (ChildJvm child : running) {
            int code = child.terminate(180);
            orderly &= code == 143 || code == 0;
        }
        running.clear();
        return orderly;
    }

    @Override
    public void close() {
        running.forEach(ChildJvm::close);
    }
}
