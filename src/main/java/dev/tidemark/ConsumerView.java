package dev.tidemark;

/** A consumer to look at: what it is and how it fares, for listeners, metrics and probes. Thread-safe; methods may be added. */
public interface ConsumerView {
    /** The consumer group. */
    String groupId();

    /** What the consumer is doing, as a snapshot. */
    ConsumerStatus status();

    /**
     * Whether the process should be restarted, whether it is up to its work, and what is wrong. The one way to ask: cheap enough for
     * every probe.
     */
    Health health();
}
