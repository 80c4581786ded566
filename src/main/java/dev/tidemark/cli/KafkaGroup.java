package dev.tidemark.cli;

import dev.tidemark.ErrorCode;
import dev.tidemark.LogMismatchException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

/** A group as Kafka has it: its members, and the offsets that they committed. */
final class KafkaGroup {
    private final Admin admin;
    private final String group;

    KafkaGroup(Admin admin, String group) {
        this.admin = admin;
        this.group = group;
    }

    /** Where its members run, by client id and host; none if it is inactive or unknown. */
    List<String> members() {
        try {
            return get(admin.describeConsumerGroups(List.of(group)).all()).values().stream()
                    .flatMap(description -> description.members().stream())
                    .map(member -> member.clientId() + " on " + member.host())
                    .sorted()
                    .toList();
        } catch (GroupIdNotFoundException e) {
            return List.of();
        }
    }

    /** What is committed. */
    Map<TopicPartition, Long> committed() {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        // What a transaction is still committing counts once it has: until then the answer is waited for.
        ListConsumerGroupOffsetsOptions stable = new ListConsumerGroupOffsetsOptions().requireStable(true);
        get(admin.listConsumerGroupOffsets(group, stable).partitionsToOffsetAndMetadata(group))
                .forEach((partition, offset) -> {
                    // Kafka's client says it like that where nothing is committed.
                    if (offset != null) {
                        offsets.put(partition, offset.offset());
                    }
                });
        return offsets;
    }

    /** Commits these; refused while it is active (TM-308). */
    void commit(Map<TopicPartition, OffsetAndMetadata> offsets) {
        try {
            get(admin.alterConsumerGroupOffsets(group, offsets).all());
        } catch (UnknownMemberIdException
                | StaleMemberEpochException
                | GroupNotEmptyException
                | GroupSubscribedToTopicException e) {
            throw active(members());
        }
    }

    /** The error for offsets that Kafka does not take from outside of a group that is active (TM-308). */
    LogMismatchException active(List<String> members) {
        return new LogMismatchException(
                ErrorCode.KAFKA_REFUSES,
                "Kafka refuses offsets for group " + group + " while it is active: " + some(members)
                        + ". Start its consumers with mirrorToKafka(), and they commit what is stored; or stop them, and"
                        + " call this again",
                null);
    }

    /** A list that stays readable. */
    static String some(List<String> members) {
        int named = 3;
        return members.size()
                + (members.size() == 1 ? " member, " : " members, ")
                + String.join(", ", members.subList(0, Math.min(named, members.size())))
                + (members.size() > named ? ", ..." : "");
    }

    private static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException(e);
        }
    }
}
