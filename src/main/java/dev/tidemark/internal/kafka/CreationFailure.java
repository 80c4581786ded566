package dev.tidemark.internal.kafka;

import dev.tidemark.internal.log.Secrets;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidConfigurationException;

/** Why Kafka's client could not be created, on one line and without secrets. Pure. */
final class CreationFailure {
    private static final int LONGEST = 400;

    /** How Kafka's messages begin when a client cannot be created; the reason follows in the cause. */
    private static final String NOT_MADE = "Failed to c";

    /** What follows the name of a class that is not there. */
    static final String NOT_FOUND =
            " is not on the class path: add its jar (TIDEMARK_CLASSPATH for bin/tidemark), or fix its name";

    private static final String BOOTSTRAP = "bootstrap.servers";

    private static final String A_LIST = "a list of host:port, such as localhost:9092,other:9092";

    /** How {@code bootstrap.servers} is written. */
    static final String SERVERS = "It is " + A_LIST + " (--bootstrap-servers)";

    private CreationFailure() {}

    /** The reason, with the setting that it is about; empty if neither is known. */
    static Optional<String> reason(Throwable failure) {
        List<Throwable> chain = Causes.of(failure);
        Optional<String> missing = chain.stream()
                .filter(t -> t instanceof ClassNotFoundException || t instanceof NoClassDefFoundError)
                .findFirst()
                // Its name alone: the rest of Kafka's message may quote a setting.
                .map(t -> "class " + String.valueOf(t.getMessage()).replace('/', '.') + NOT_FOUND);
        if (missing.isPresent()) {
            return missing;
        }
        List<String> words = chain.stream()
                .filter(CreationFailure::isKafkas)
                .map(CreationFailure::message)
                .filter(message -> !message.startsWith(NOT_MADE))
                .collect(Collectors.toCollection(ArrayList::new));
        Optional<String> bootstrap =
                words.stream().filter(text -> text.contains(BOOTSTRAP)).findFirst();
        if (bootstrap.isPresent()) {
            return bootstrap.map(CreationFailure::ofBootstrap);
        }
        Throwable root = chain.get(chain.size() - 1);
        boolean ofStores = root instanceof IOException || root instanceof GeneralSecurityException;
        if (ofStores && words.stream().noneMatch(text -> text.contains(message(root)))) {
            words.add(root.getClass().getSimpleName() + " " + message(root));
        }
        if (words.isEmpty()) {
            return Optional.empty();
        }
        boolean ofTls = ofStores || chain.stream().anyMatch(InvalidConfigurationException.class::isInstance);
        return Optional.of(String.join(": ", words)
                + (ofTls ? "; check the paths, types and passwords of ssl.truststore.* and ssl.keystore.*" : ""));
    }

    /** What was written is repeated unless it may contain a user and a password. */
    private static String ofBootstrap(String words) {
        int quoted = words.indexOf(": ");
        return BOOTSTRAP + " (--bootstrap-servers) is not " + A_LIST
                + (quoted < 0 || words.contains("@") ? "" : words.substring(quoted));
    }

    /** What others throw may quote their own settings, such as a token. */
    private static boolean isKafkas(Throwable failure) {
        StackTraceElement[] trace = failure.getStackTrace();
        // An ApiException has no trace.
        return failure instanceof KafkaException
                && (trace.length == 0
                        ? failure instanceof ApiException
                        : trace[0].getClassName().startsWith("org.apache.kafka."));
    }

    private static String message(Throwable failure) {
        String line = Secrets.masked(Objects.toString(failure.getMessage(), "")).replaceAll("\\s*\\R\\s*", " ");
        return line.length() > LONGEST ? line.substring(0, LONGEST) + " ..." : line;
    }
}
