package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import java.nio.file.Path;
import java.util.Map;

/** Something that happens to the processes, the servers, the network or the data of a running group. */
public abstract class Fault {
    private final String id;
    private final String title;

    protected Fault(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** Such as F1. */
    public String id() {
        return id;
    }

    /** In a few words, for the report. */
    public String title() {
        return title;
    }

    /** Does it once, while the group runs. What lasts is over when this returns, unless the group is to recover without that. */
    public abstract Injection inject(World world);

    /** Called again and again until the group has recovered: what an operator would do. */
    public void whileWaiting(World world) {}

    /** What only ends once the group has recovered: a stopped process wakes up. */
    public void afterRecovery(World world) {}

    /** Called once, when the log has its end and the group is about to reach it. */
    public void atEnd(World world) {}

    /** What the topic is created with. */
    public Map<String, String> topicConfig() {
        return Map.of();
    }

    /** What members are started with in addition. */
    public Map<String, String> memberSettings() {
        return Map.of();
    }

    /** Variables of the members' environment; {@code directory} is the run's own. */
    public Map<String, String> memberEnvironment(Path directory) {
        return Map.of();
    }

    /** Whether it needs two brokers, of its own. */
    public boolean needsCluster() {
        return false;
    }

    /** Whether it needs servers of its own. */
    public boolean needsOwnServers() {
        return false;
    }
}
