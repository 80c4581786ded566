package dev.tidemark.internal.kafka;

import dev.tidemark.ErrorCode;
import dev.tidemark.LogMismatchException;
import dev.tidemark.TidemarkException;
import java.util.Optional;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Turns Kafka's refusals into the error that tells the way out. */
public final class KafkaErrors {
    private KafkaErrors() {}

    /** The error for a refusal that waiting does not mend; empty for everything else. */
    public static Optional<TidemarkException> refusal(String groupId, Throwable failure) {
        String mend = null;
        if (failure instanceof FencedInstanceIdException) {
            mend = "another process uses the same group.instance.id: give each process its own";
        } else if (failure instanceof TopicAuthorizationException e) {
            mend = "no right on topics " + e.unauthorizedTopics() + ": allow READ and DESCRIBE on them";
        } else if (failure instanceof GroupAuthorizationException e) {
            mend = "no right on group " + e.groupId() + ": allow READ on it";
        } else if (failure instanceof AuthorizationException) {
            mend = "not allowed: READ and DESCRIBE on topics and group are needed, and DESCRIBE on the cluster";
        } else if (failure instanceof AuthenticationException) {
            mend = "the login failed: check security.protocol, sasl.* and ssl.*";
        } else if (failure instanceof UnknownTopicOrPartitionException || failure instanceof InvalidTopicException) {
            return Optional.of(new LogMismatchException(
                    ErrorCode.TOPIC_MISSING,
                    "group " + groupId + ": a topic does not exist: create it, or mend its name",
                    failure));
        }
        return mend == null
                ? Optional.empty()
                : Optional.of(new LogMismatchException(
                        ErrorCode.KAFKA_REFUSES, "Kafka refuses group " + groupId + ": " + mend, failure));
    }
}
