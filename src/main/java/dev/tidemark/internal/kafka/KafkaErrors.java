package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.command.PastedCommand;
import dev.tidemark.internal.log.Secrets;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.GroupMaxSizeReachedException;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;
import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.apache.kafka.common.errors.InvalidSessionTimeoutException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.apache.kafka.common.errors.UnsupportedAssignorException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.jspecify.annotations.Nullable;

/** Turns Kafka's refusals into the error that says how to resolve it. */
public final class KafkaErrors {
    // Kafka does not tell clients which principal they are logged in as.
    private static final String ALLOW = ": kafka-acls --add --allow-principal User:<user> --operation Read";

    private static final String TOPIC_NAME =
            ": it has at most 249 letters, digits, dots, underscores and hyphens, and is not . or ..";

    private static final String BOOTSTRAP = "bootstrap.servers";

    /** By name: not every supported version of kafka-clients has it. */
    private static final String UNRESOLVED = "org.apache.kafka.common.errors.BootstrapResolutionException";

    private KafkaErrors() {}

    /** Why a client could not be created for a reason that may pass; empty for all other failures. */
    public static Optional<String> outage(Throwable failure) {
        return isUnresolved(failure)
                ? Optional.of("no host name in " + BOOTSTRAP + " can be resolved")
                : LoginFailures.outage(failure);
    }

    /**
     * Whether a client could not be created because no broker's name is known yet, as where brokers and consumers start together; Kafka
     * reports it like a bad setting.
     */
    public static boolean isUnresolved(Throwable failure) {
        for (Throwable t : Causes.of(failure)) {
            String words = String.valueOf(t.getMessage());
            if (t.getClass().getName().equals(UNRESOLVED)
                    || (t instanceof ConfigException
                            && (words.startsWith("No resolvable bootstrap") || words.startsWith("Unknown host in")))) {
                return true;
            }
        }
        return false;
    }

    /** Whether another member still holds the {@code group.instance.id}: one that was killed does, until its session times out. */
    public static boolean isInstanceHeld(Throwable failure) {
        for (Throwable t : Causes.of(failure)) {
            if (t instanceof UnreleasedInstanceIdException) {
                return true;
            }
        }
        return false;
    }

    /** The error for a refusal that waiting does not resolve; empty for everything else. */
    public static Optional<TidemarkException> refusal(String groupId, Throwable failure) {
        if (outage(failure).isPresent()) {
            return Optional.empty();
        }
        if (failure instanceof InvalidTopicException e) {
            Set<String> names = e.invalidTopics() == null ? Set.of() : e.invalidTopics();
            return Optional.of(
                    missing(groupId, "invalid topic name " + (names.isEmpty() ? "" : names) + TOPIC_NAME, e));
        }
        if (failure instanceof UnknownTopicOrPartitionException) {
            return Optional.of(missing(groupId, "a topic does not exist: create it, or fix its name", failure));
        }
        Optional<String> login = LoginFailures.reason(failure);
        if (login.isPresent()) {
            // Without the cause: the client quotes from the setting, and so perhaps the password.
            return login.map(why -> new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "group " + groupId + ": Kafka's client refuses a setting: " + why,
                    null));
        }
        for (Throwable t : Causes.of(failure).stream().limit(2).toList()) {
            if (t instanceof ConfigException) {
                return Optional.of(refusedSetting(groupId, t, failure));
            }
        }
        String remedy = remedy(groupId, failure);
        return remedy == null ? Optional.empty() : Optional.of(refused(groupId, remedy, failure));
    }

    private static TidemarkException refusedSetting(String groupId, Throwable found, Throwable failure) {
        // Without the cause about brokers: it quotes the setting.
        boolean quotes = String.valueOf(found.getMessage()).contains(BOOTSTRAP);
        return new InvalidConfigurationException(
                ErrorCode.INVALID_SETTING,
                "group " + groupId + ": Kafka's client refuses a setting: "
                        + CreationFailure.reason(failure).orElse("the cause names it"),
                quotes ? null : failure);
    }

    /**
     * The error for settings from which a client could not be created. Kafka reports some problems only in this way: a class that
     * it did not find, or a listed plug-in that failed.
     */
    public static TidemarkException notMade(String groupId, Throwable failure) {
        Optional<String> outage = outage(failure);
        if (outage.isPresent()) {
            return new TidemarkException(
                    ErrorCode.KAFKA_UNAVAILABLE,
                    "group " + groupId + ": " + outage.get(),
                    isUnresolved(failure) ? failure : null);
        }
        return refusal(groupId, failure)
                .orElseGet(() -> new InvalidConfigurationException(
                        ErrorCode.INVALID_SETTING,
                        "group " + groupId + ": Kafka's client cannot be created from these settings: "
                                + CreationFailure.reason(failure).orElse("the cause says why"),
                        failure));
    }

    private static LogMismatchException refused(String groupId, String remedy, @Nullable Throwable failure) {
        return new LogMismatchException(
                ErrorCode.KAFKA_REFUSES, "Kafka refuses group " + groupId + ": " + remedy, failure);
    }

    private static LogMismatchException missing(String groupId, String what, Throwable failure) {
        return new LogMismatchException(ErrorCode.TOPIC_MISSING, "group " + groupId + ": " + what, failure);
    }

    private static @Nullable String remedy(String groupId, Throwable failure) {
        if (failure instanceof FencedInstanceIdException) {
            return "another process uses the same group.instance.id: give each process its own";
        }
        if (failure instanceof UnreleasedInstanceIdException) {
            return "another process uses the same group.instance.id, or did until it was killed, and its session has not timed"
                    + " out yet: give each process its own, or wait";
        }
        if (failure instanceof InconsistentGroupProtocolException) {
            return "its other members use another partition.assignment.strategy or group.protocol: give all of them the same,"
                    + " or stop the others first";
        }
        if (failure instanceof InvalidSessionTimeoutException) {
            return "session.timeout.ms is outside of what the broker allows, from group.min.session.timeout.ms to"
                    + " group.max.session.timeout.ms";
        }
        if (failure instanceof GroupMaxSizeReachedException) {
            return "it has as many members as the broker's group.max.size allows";
        }
        if (failure instanceof TopicAuthorizationException e) {
            return noTopicRight(e.unauthorizedTopics());
        }
        if (failure instanceof GroupAuthorizationException) {
            return "its user lacks READ on group " + groupId + ALLOW + " --group " + PastedCommand.quoted(groupId);
        }
        if (failure instanceof AuthorizationException) {
            return "its user lacks a permission (" + failure.getClass().getSimpleName()
                    + "): READ on its topics and on its group is all that is needed";
        }
        if (failure instanceof UnsupportedSaslMechanismException) {
            return "the broker does not offer this mechanism: check sasl.mechanism";
        }
        if (failure instanceof SslAuthenticationException) {
            return "the TLS handshake failed: check security.protocol, ssl.truststore.*, ssl.keystore.* and the host names"
                    + " in the broker's certificate";
        }
        if (failure instanceof AuthenticationException) {
            return "the login failed: check security.protocol, sasl.mechanism and sasl.jaas.config";
        }
        if (failure instanceof UnsupportedAssignorException) {
            return "the broker does not offer this assignor: check group.remote.assignor";
        }
        if (failure instanceof UnsupportedVersionException) {
            return "the broker is too old for this client, or does not allow group.protocol=consumer (" + words(failure)
                    + "): set group.protocol=classic, or upgrade the broker";
        }
        if (failure instanceof InvalidGroupIdException) {
            return "group.id is not a valid name";
        }
        if (failure instanceof UnknownServerException) {
            return "the broker failed while it handled a request: see the broker's log";
        }
        // What waiting does not resolve and no remedy is known for.
        return failure instanceof ApiException && !(failure instanceof RetriableException)
                ? words(failure) + " (" + failure.getClass().getSimpleName() + "); see the broker's log"
                : null;
    }

    /** Kafka's message, on one line. */
    private static String words(Throwable failure) {
        return Secrets.masked(Objects.toString(failure.getMessage(), "no reason given"))
                .replaceAll("\\s*\\R\\s*", " ");
    }

    /** READ implies DESCRIBE, so it resolves either. */
    private static String noTopicRight(@Nullable Set<String> topics) {
        if (topics == null || topics.isEmpty()) {
            return "its user lacks READ on one of its topics, Kafka does not say which" + ALLOW + " --topic <topic>";
        }
        Set<String> sorted = new TreeSet<>(topics);
        return "its user lacks READ on topic " + String.join(", ", sorted) + ALLOW
                + sorted.stream().map(topic -> " --topic " + topic).collect(Collectors.joining());
    }
}
