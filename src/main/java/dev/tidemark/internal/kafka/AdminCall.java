package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.RetriableException;

/** Waits for requests to Kafka's Admin, and turns their failures into those that show whether waiting helps. */
final class AdminCall {
    /** The default limit of a call. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private final String groupId;

    AdminCall(String groupId) {
        this.groupId = groupId;
    }

    <T> T get(KafkaFuture<T> future) throws KafkaUnavailableException {
        return get(future, PATIENCE);
    }

    <T> T get(KafkaFuture<T> future, Duration patience) throws KafkaUnavailableException {
        try {
            return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof RetriableException) {
                throw new KafkaUnavailableException("Kafka did not reply", cause);
            }
            throw KafkaErrors.refusal(groupId, cause)
                    .orElseGet(() -> new TidemarkException(
                            ErrorCode.UNEXPECTED,
                            "group " + groupId + ": Kafka's Admin failed with "
                                    + cause.getClass().getSimpleName(),
                            cause));
        } catch (TimeoutException e) {
            throw new KafkaUnavailableException("Kafka did not reply within " + patience, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaUnavailableException("interrupted while waiting for Kafka", e);
        }
    }
}
