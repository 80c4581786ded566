package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.Patience;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.testkit.kafka.KafkaCluster;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;

/** F12: a broker that missed records becomes leader; what the group has applied is not what the log holds. */
final class UncleanElection extends Fault {
    private final Map<Integer, Long> commonEnds = new HashMap<>();
    private final Set<Integer> undecided = new TreeSet<>();

    UncleanElection() {
        super("F12", "unclean election, truncation");
    }

    @Override
    public boolean needsCluster() {
        return true;
    }

    @Override
    public Injection inject(World world) {
        KafkaCluster cluster = world.cluster();
        TopicPartition any = new TopicPartition(world.topic(), 0);
        int first = cluster.leader(any);
        int second = 3 - first;
        cluster.kill(second);
        awaitAll(world, first);
        world.load().burst(5 * world.partitions().size());
        Instant[] begin = new Instant[1];
        world.load().pausedWhile(() -> {
            Map<Integer, Long> ends = world.record();
            Awaitility.await("all that is lost is read")
                    .atMost(Patience.LONG)
                    .until(() -> world.group().positions().equals(ends));
            begin[0] = Instant.now();
            cluster.kill(first);
            cluster.boot(second);
            awaitAll(world, second);
            world.load().renew();
            world.nowIsAnotherTopic(world.partitions().size());
            commonEnds.clear();
            commonEnds.putAll(world.record());
            undecided.addAll(world.partitions());
        });
        return Injection.over(title(), begin[0], world.partitions());
    }

    private static void awaitAll(World world, int leader) {
        for (int partition : world.partitions()) {
            world.cluster().awaitReplicas(new TopicPartition(world.topic(), partition), leader);
        }
    }

    /** The group refuses to go on; a person lets it go on where the logs part. */
    @Override
    public void whileWaiting(World world) {
        List<Member> ended = world.members().living().stream()
                .filter(member -> !member.isAlive())
                .toList();
        for (int partition : world.group().halted().keySet()) {
            if (undecided.remove(partition)) {
                world.database()
                        .execute("select tidemark.reset_offset('" + world.topic() + "', '" + world.topic() + "', "
                                + partition + ", " + commonEnds.get(partition) + ", 'chaos')");
                world.nowReadsAnotherLog(partition);
            }
        }
        ended.forEach(world::replace);
    }

    /** Both brokers hold the log again before the next election. */
    @Override
    public void afterRecovery(World world) {
        KafkaCluster cluster = world.cluster();
        int leader = cluster.leader(new TopicPartition(world.topic(), 0));
        cluster.boot(3 - leader);
        for (int partition : world.partitions()) {
            Awaitility.await("both brokers hold partition " + partition)
                    .atMost(Patience.LONG)
                    .ignoreExceptions()
                    .until(() -> cluster.replicasInSync(new TopicPartition(world.topic(), partition)) == 2);
        }
    }
}
