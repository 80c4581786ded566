package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.Subscription;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** What Kafka's Admin knows about topics: which exist, their ids and partitions. Each call waits for the brokers, up to 10 s. */
public final class TopicLookup {
    private final Admin admin;
    private final String groupId;
    private final AdminCall call;
    private final OffsetLookup offsets;

    public TopicLookup(Admin admin, String groupId, IsolationLevel isolation) {
        this.admin = admin;
        this.groupId = groupId;
        this.call = new AdminCall(groupId);
        this.offsets = new OffsetLookup(admin, groupId, isolation, call);
    }

    /** To look up offsets. */
    public OffsetLookup offsets() {
        return offsets;
    }

    /** The ids and sizes of topics; one that does not exist, or not yet everywhere, is not in the result. */
    public Map<String, Identity> identities(Collection<String> topics) throws KafkaUnavailableException {
        String cluster = clusterId();
        Map<String, Identity> identities = new HashMap<>();
        // No topic has a longer name, and the client's thread would die of one that cannot be sent.
        List<String> possible = topics.stream()
                .filter(name -> name.length() <= Subscription.LONGEST_NAME)
                .toList();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> entry :
                admin.describeTopics(possible).topicNameValues().entrySet()) {
            try {
                TopicDescription topic = call.get(entry.getValue());
                Optional<String> id = Uuid.ZERO_UUID.equals(topic.topicId())
                        ? Optional.empty()
                        : Optional.of(topic.topicId().toString());
                identities.put(
                        entry.getKey(),
                        new Identity(cluster, id, topic.partitions().size()));
            } catch (KafkaUnavailableException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            } catch (TidemarkException e) {
                throw named(entry.getKey(), e);
            }
        }
        return identities;
    }

    /**
     * Why topics that the group knows are not among those that this user sees; empty if all are.
     *
     * @return TM-308 if this user may not describe one of them, or else TM-307
     */
    public Optional<TidemarkException> unseen(Collection<String> known) throws KafkaUnavailableException {
        Set<String> unseen = new TreeSet<>(known);
        unseen.removeAll(names());
        Set<String> refused = new TreeSet<>();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> entry :
                admin.describeTopics(unseen).topicNameValues().entrySet()) {
            try {
                TopicDescription unused = call.get(entry.getValue());
                unseen.remove(entry.getKey());
            } catch (KafkaUnavailableException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            } catch (TidemarkException e) {
                refused.add(entry.getKey());
            }
        }
        if (unseen.isEmpty()) {
            return Optional.empty();
        }
        String which = "group " + groupId + " has stored offsets of topics " + (refused.isEmpty() ? unseen : refused)
                + ", which its pattern matches";
        return Optional.of(new LogMismatchException(
                refused.isEmpty() ? ErrorCode.TOPIC_MISSING : ErrorCode.KAFKA_REFUSES,
                refused.isEmpty()
                        ? which + ", and they do not exist any more: create them again, or delete their offsets"
                        : which
                                + ", and this user may not describe them, so they are not read: grant it, or delete their offsets",
                null));
    }

    /** The Admin's exceptions do not name the topic. */
    private TidemarkException named(String topic, TidemarkException refusal) {
        Throwable cause = refusal.getCause();
        RuntimeException named = cause instanceof TopicAuthorizationException
                ? new TopicAuthorizationException(Set.of(topic))
                : cause instanceof InvalidTopicException ? new InvalidTopicException(Set.of(topic)) : null;
        return named == null ? refusal : KafkaErrors.refusal(groupId, named).orElse(refusal);
    }

    /** The cluster's id. */
    public String clusterId() throws KafkaUnavailableException {
        return call.get(admin.describeCluster().clusterId());
    }

    /** The names of all topics that this user may see, except Kafka's own. */
    public Set<String> names() throws KafkaUnavailableException {
        return call.get(admin.listTopics().names());
    }

    /** The topics that a subscription names, whether they exist or not, or matches now. */
    public Set<String> topics(Subscription subscription) throws KafkaUnavailableException {
        return subscription instanceof Subscription.Matching
                ? names().stream().filter(subscription::includes).collect(Collectors.toSet())
                : subscription.named();
    }

    /**
     * The partitions that a subscription covers now.
     *
     * @throws LogMismatchException if one that it names does not exist (TM-307)
     */
    public Set<TopicPartition> partitions(Subscription subscription) throws KafkaUnavailableException {
        Set<String> topics = topics(subscription);
        Map<String, Identity> identities = identities(topics);
        Set<String> missing = new TreeSet<>(topics);
        missing.removeAll(identities.keySet());
        if (!missing.isEmpty()) {
            throw missing(missing);
        }
        Set<TopicPartition> partitions = new HashSet<>();
        identities.forEach((topic, identity) -> partitions.addAll(OffsetLookup.all(topic, identity.partitions())));
        if (subscription instanceof Subscription.Manual manual) {
            for (TopicPartition partition : manual.partitions()) {
                if (!partitions.contains(partition)) {
                    throw missing(partition, identities.get(partition.topic()));
                }
            }
            return manual.partitions();
        }
        return partitions;
    }

    /** The error for topics that do not exist; lists those that do. */
    public LogMismatchException missing(Set<String> topics) throws KafkaUnavailableException {
        Set<String> names = new TreeSet<>(names());
        List<String> some = names.stream().limit(20).toList();
        return new LogMismatchException(
                ErrorCode.TOPIC_MISSING,
                "group " + groupId + ": topics " + new TreeSet<>(topics) + " do not exist, or not yet; Kafka has "
                        + some + (names.size() > some.size() ? " and " + (names.size() - some.size()) + " more" : "")
                        + ": create them, or fix their names",
                null);
    }

    /** The error for a partition that does not exist; lists those that do. */
    public LogMismatchException missing(TopicPartition partition, @Nullable Identity identity) {
        return new LogMismatchException(
                ErrorCode.TOPIC_MISSING,
                "group " + groupId + ": topic " + partition.topic() + " partition " + partition.partition()
                        + " does not exist, or not yet on every broker"
                        + (identity == null ? "" : "; the topic has partitions 0 to " + (identity.partitions() - 1)),
                null);
    }
}
