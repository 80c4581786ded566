package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import java.util.Map;

/** Something that happens to the processes, the servers, the network or the data of a running group. */
public interface Fault {
    /** Such as F1. */
    String id();

    /** In a few words, for the report. */
    String title();

    /** Does it once, while the group runs. What lasts is over when this returns, unless the group is to recover without that. */
    Injection inject(World world);

    /** What only becomes over once the group has recovered: a stopped process wakes up. */
    default void afterRecovery(World world) {}

    /** What the topic is created with. */
    default Map<String, String> topicConfig() {
        return Map.of();
    }

    /** Whether it needs servers of its own. */
    default boolean needsOwnServers() {
        return false;
    }
}
