package dev.tidemark.internal.kafka;

/** Kafka did not reply, or not yet: the same again, later. */
public final class KafkaUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    KafkaUnavailableException(String what, Throwable cause) {
        super(what, cause);
    }
}
