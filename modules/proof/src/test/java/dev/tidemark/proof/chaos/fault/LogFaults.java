package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.testkit.kafka.KafkaClients;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;

/** What happens to the log: records deleted, the topic created again or enlarged, transactions aborted, keys compacted. */
final class LogFaults {
    private LogFaults() {}

    /** F13: records are deleted, below the stored offset or, while no member runs, above it. */
    static final class Delete extends Fault {
        Delete() {
            super("F13", "deleteRecords below and above the position");
        }

        @Override
        public Injection inject(World world) {
            return world.random().nextBoolean() ? below(world) : above(world);
        }

        private static Injection below(World world) {
            Instant begin = Instant.now();
            world.load().pausedWhile(() -> {
                world.record();
                world.group()
                        .positions()
                        .forEach((partition, position) ->
                                world.kafka().expire(new TopicPartition(world.topic(), partition), position / 2));
            });
            return Injection.over("deleted below the position", begin, world.partitions());
        }

        private static Injection above(World world) {
            List<Member> all = world.members().living();
            for (Member member : all) {
                member.kill();
                world.members().gone(member);
            }
            world.load().burst(50 * world.partitions().size());
            int partition = world.partition();
            long position = world.group().positions().get(partition);
            world.load().pausedWhile(() -> {
                world.record();
                world.kafka().expire(new TopicPartition(world.topic(), partition), position + 25);
            });
            Instant begin = Instant.now();
            for (int i = 0; i < all.size(); i++) {
                Member unused = world.members().start();
            }
            return Injection.over("deleted above the position", begin, world.partitions());
        }

        /** A partition halts in front of a gap until a person decides: here, to go on behind it. */
        @Override
        public void whileWaiting(World world) {
            for (int partition : world.group().halted().keySet()) {
                long start = world.logStart(partition);
                if (world.group().positions().get(partition) < start) {
                    world.database()
                            .execute("select tidemark.reset_offset('" + world.topic() + "', '" + world.topic() + "', "
                                    + partition + ", " + start + ", 'chaos')");
                }
            }
        }
    }

    /** F14: the topic is deleted and created again while records arrive; a person rebinds it. */
    static final class CreateAgain extends Fault {
        CreateAgain() {
            super("F14", "topic deleted and re-created");
        }

        @Override
        public Map<String, String> memberSettings() {
            return Map.of("strict", "true");
        }

        @Override
        public Injection inject(World world) {
            int count = world.partitions().size() + (world.random().nextInt(3) == 0 ? 1 : 0);
            Instant begin = Instant.now();
            world.load().pausedWhile(() -> {
                world.record();
                world.kafka().createAgain(world.topic(), count);
                world.load().renew();
                world.nowIsAnotherTopic(count);
            });
            return Injection.over("created again with " + count + " partitions", begin, world.partitions());
        }

        /** Once the group refuses it, which ends its members. */
        @Override
        public void whileWaiting(World world) {
            List<Member> ended = world.members().living().stream()
                    .filter(member -> !member.isAlive())
                    .toList();
            if (!ended.isEmpty() || !world.group().halted().isEmpty()) {
                rebind(world);
            }
            ended.forEach(world::replace);
        }

        private static void rebind(World world) {
            String id = world.kafka().topicId(world.topic());
            String bound = world.observer()
                    .rows("select topic_id from tidemark.topic_binding where group_id = '" + world.topic() + "'")
                    .get(0)
                    .get(0);
            if (!id.equals(bound)) {
                String cluster =
                        KafkaClients.get(world.kafka().admin().describeCluster().clusterId());
                String zeros = world.partitions().stream().map(p -> "0").collect(Collectors.joining(","));
                world.database()
                        .execute("select tidemark.rebind_topic('" + world.topic() + "', '" + world.topic() + "', '"
                                + cluster + "', '" + id + "', '{" + zeros + "}', 'chaos')");
            }
        }
    }

    /** F15: partitions are added. */
    static final class AddPartitions extends Fault {
        AddPartitions() {
            super("F15", "partitions added");
        }

        @Override
        public Injection inject(World world) {
            int count = world.partitions().size() + 1;
            Instant begin = Instant.now();
            world.kafka().addPartitions(world.topic(), count);
            world.nowHas(count);
            return Injection.over("now " + count + " partitions", begin, Set.of(count - 1));
        }
    }

    /** F16: transactions abort and commit among the other records, and the log is compacted. */
    static final class Transactions extends Fault {
        private KafkaProducer<String, String> producer;

        Transactions() {
            super("F16", "aborted transactions, compaction");
        }

        /** What is younger than the lag is not compacted, so that the log is recorded before. */
        @Override
        public Map<String, String> topicConfig() {
            return Map.of(
                    "cleanup.policy", "compact",
                    "segment.ms", "3000",
                    "min.cleanable.dirty.ratio", "0.01",
                    "min.compaction.lag.ms", "60000");
        }

        @Override
        public Injection inject(World world) {
            if (producer == null) {
                producer = world.kafka().transactionalProducer(world.topic());
            }
            Instant begin = Instant.now();
            for (int i = 0; i < 4; i++) {
                producer.beginTransaction();
                world.load().sendWith(producer, 10 + world.random().nextInt(60));
                if (world.random().nextBoolean()) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
            world.record();
            return Injection.over(title(), begin, world.partitions());
        }

        @Override
        public void afterRecovery(World world) {
            world.record();
        }

        /** An aborted transaction is the end of each log, so that the position must move without a record. */
        @Override
        public void atEnd(World world) {
            producer.beginTransaction();
            world.load().sendWith(producer, 2 * world.partitions().size());
            producer.abortTransaction();
            producer.close();
            world.noteCompaction();
        }
    }
}
