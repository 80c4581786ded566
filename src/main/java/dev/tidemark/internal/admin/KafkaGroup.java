package dev.tidemark.internal.admin;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnstableOffsetCommitException;

/** A group in Kafka: its members, and the offsets that they committed. */
public final class KafkaGroup {
    /** How long a transaction may take to commit offsets of the group. */
    private static final Duration STABLE = Duration.ofSeconds(15);

    /** Beyond any limit of the client itself, which ends its calls unless its thread has died. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration AGAIN = Duration.ofMillis(250);

    private final KafkaLog log;
    private final String group;

    public KafkaGroup(KafkaLog log, String group) {
        this.log = log;
        this.group = group;
    }

    /** Its members, by client id and host; none if it is inactive or unknown. */
    public List<String> members() {
        try {
            return get(log.admin().describeConsumerGroups(List.of(group)).all()).values().stream()
                    .flatMap(description -> description.members().stream())
                    .map(member -> member.clientId() + " on " + member.host())
                    .sorted()
                    .toList();
        } catch (GroupIdNotFoundException e) {
            return List.of();
        }
    }

    /** The committed offsets. Waits for a transaction that is still committing offsets. */
    public Map<TopicPartition, Long> committed() throws KafkaUnavailableException {
        long deadline = System.nanoTime() + STABLE.toNanos();
        while (true) {
            // Only the partitions: an offset read this way may be about to change.
            Set<TopicPartition> known = get(log.admin()
                            .listConsumerGroupOffsets(group)
                            .partitionsToOffsetAndMetadata(group))
                    .keySet();
            try {
                return known.isEmpty() ? Map.of() : log.committed(known);
            } catch (KafkaUnavailableException e) {
                if (!(e.getCause() instanceof UnstableOffsetCommitException) || System.nanoTime() - deadline > 0) {
                    throw e;
                }
            }
            LockSupport.parkNanos(AGAIN.toNanos());
        }
    }

    /** Commits these; refused while it is active (TM-308). */
    public void commit(Map<TopicPartition, OffsetAndMetadata> offsets) {
        try {
            get(log.admin().alterConsumerGroupOffsets(group, offsets).all());
        } catch (UnknownMemberIdException
                | StaleMemberEpochException
                | GroupNotEmptyException
                | GroupSubscribedToTopicException e) {
            throw active(members());
        }
    }

    /** The error for offsets that Kafka does not accept from outside an active group (TM-308). */
    public LogMismatchException active(List<String> members) {
        return new LogMismatchException(
                ErrorCode.KAFKA_REFUSES,
                "Kafka refuses offsets for group " + group + " while it is active: " + some(members)
                        + ". Start its consumers with mirrorToKafka(), and they commit the stored offsets; or stop them, and"
                        + " call this again",
                null);
    }

    /** A list of limited length. */
    public static String some(List<String> members) {
        int named = 3;
        return members.size()
                + (members.size() == 1 ? " member, " : " members, ")
                + String.join(", ", members.subList(0, Math.min(named, members.size())))
                + (members.size() > named ? ", ..." : "");
    }

    private static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new TimeoutException(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException(e);
        }
    }
}
