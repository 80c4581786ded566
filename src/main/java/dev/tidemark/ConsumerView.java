package dev.tidemark;

/** A read-only view of a consumer, for listeners, metrics and probes. Thread-safe; methods may be added. */
public interface ConsumerView {
    /** The consumer group. */
    String groupId();

    /** What the consumer is doing, as a snapshot. */
    ConsumerStatus status();

    /**
     * Whether the process should be restarted, whether it is ready, and what is wrong. Cheap enough for every probe.
     */
    Health health();
}
