package dev.tidemark.demo;

import dev.tidemark.testkit.kafka.KafkaServer;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;

/** How far each group is behind the ends of the broker's logs, where its own offsets say: in SQL, or in Kafka. */
final class Lags {
    private static final String STORED = "select partition, stored_offset from tidemark.consumer_lag where group_id = '"
            + Group.TIDEMARK.id() + "' order by topic, partition";

    private final Stage stage;

    Lags(Stage stage) {
        this.stage = stage;
    }

    /** Records in the log. Nothing here is transactional or compacted, so each offset is one. */
    long logged() {
        return ends().values().stream().mapToLong(Long::longValue).sum();
    }

    /** By partition. */
    List<Long> tidemark() {
        long[] stored = new long[Stage.PARTITIONS];
        for (String row : stage.database().query(STORED)) {
            String[] columns = row.split("\\|");
            stored[Integer.parseInt(columns[0])] = Long.parseLong(columns[1]);
        }
        return behind(stored);
    }

    /** By partition. */
    List<Long> textbook() {
        long[] committed = new long[Stage.PARTITIONS];
        Map<TopicPartition, OffsetAndMetadata> offsets = KafkaServer.get(stage.kafka()
                .admin()
                .listConsumerGroupOffsets(Group.TEXTBOOK.id())
                .partitionsToOffsetAndMetadata());
        offsets.forEach((partition, offset) -> committed[partition.partition()] = offset.offset());
        return behind(committed);
    }

    /** Whether so many members share out the partitions among them. */
    boolean isShared(Group group, int members) {
        Admin admin = stage.kafka().admin();
        if (KafkaServer.get(admin.listGroups().all()).stream()
                .noneMatch(g -> g.groupId().equals(group.id()))) {
            return false;
        }
        ConsumerGroupDescription description = KafkaServer.get(admin.describeConsumerGroups(List.of(group.id()))
                .describedGroups()
                .get(group.id()));
        return description.groupState() == GroupState.STABLE
                && description.members().size() == members
                && description.members().stream()
                        .noneMatch(m -> m.assignment().topicPartitions().isEmpty());
    }

    private List<Long> behind(long[] next) {
        Map<TopicPartition, Long> ends = ends();
        return IntStream.range(0, next.length)
                .mapToObj(p -> ends.get(new TopicPartition(Stage.TOPIC, p)) - next[p])
                .toList();
    }

    private Map<TopicPartition, Long> ends() {
        return stage.kafka().logEnds(Stage.TOPIC, Stage.PARTITIONS);
    }
}
