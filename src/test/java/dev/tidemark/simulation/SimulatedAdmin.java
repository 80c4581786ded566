package dev.tidemark.simulation;

import java.lang.reflect.Constructor;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.internals.KafkaFutureImpl;

/** What Kafka's Admin says of the simulated logs. */
final class SimulatedAdmin {
    private static final Constructor<?> CLUSTER = clusterResult();

    private SimulatedAdmin() {}

    private static Constructor<?> clusterResult() {
        Constructor<?> made = DescribeClusterResult.class.getDeclaredConstructors()[0];
        made.setAccessible(true);
        return made;
    }

    /** Its constructor is not public. */
    private static final class Topics extends DescribeTopicsResult {
        Topics(Map<String, KafkaFuture<TopicDescription>> topics) {
            super(null, topics);
        }
    }

    static Admin of(Broker broker, Scheduler scheduler, SimulatedProcess process) {
        return (Admin) Proxy.newProxyInstance(
                SimulatedAdmin.class.getClassLoader(), new Class<?>[] {Admin.class}, (self, method, args) -> {
                    if (process.dead && method.getDeclaringClass() != Object.class) {
                        throw new Killed();
                    }
                    return switch (method.getName()) {
                        case "describeCluster" -> CLUSTER.newInstance(arguments(broker));
                        case "describeTopics" -> {
                            scheduler.step("describe topics");
                            yield topics(broker, Objects.requireNonNull(args)[0]);
                        }
                        case "listOffsets" -> {
                            scheduler.step("list offsets");
                            yield offsets(broker, (Map<?, ?>) Objects.requireNonNull(Objects.requireNonNull(args)[0]));
                        }
                        case "close" -> null;
                        case "describeConsumerGroups" -> throw new TimeoutException("not simulated");
                        case "hashCode" -> System.identityHashCode(self);
                        case "equals" -> self == Objects.requireNonNull(args)[0];
                        case "toString" -> "the Admin of " + process.name;
                        default -> throw new UnsupportedOperationException("not simulated: " + method);
                    };
                });
    }

    private static Object[] arguments(Broker broker) {
        Object[] arguments = new Object[CLUSTER.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
            // The cluster's id is the only one that is asked for.
            arguments[i] = broker.isAway() ? failed() : KafkaFuture.completedFuture(broker.cluster);
        }
        return arguments;
    }

    private static <T> KafkaFuture<T> failed() {
        KafkaFutureImpl<T> failed = new KafkaFutureImpl<>();
        failed.completeExceptionally(new TimeoutException("away"));
        return failed;
    }

    private static DescribeTopicsResult topics(Broker broker, Object asked) {
        Map<String, KafkaFuture<TopicDescription>> topics = new HashMap<>();
        for (Object name : (Collection<?>) asked) {
            List<TopicPartitionInfo> partitions = new ArrayList<>();
            Node node = new Node(0, "broker", 9092);
            for (int p = 0; p < broker.logs.size(); p++) {
                partitions.add(new TopicPartitionInfo(p, node, List.of(node), List.of(node)));
            }
            if (broker.isAway()) {
                topics.put((String) name, failed());
            } else if (name.equals(Broker.TOPIC)) {
                topics.put(
                        (String) name,
                        KafkaFuture.completedFuture(
                                new TopicDescription((String) name, false, partitions, Set.of(), broker.topicId)));
            } else {
                KafkaFutureImpl<TopicDescription> unknown = new KafkaFutureImpl<>();
                unknown.completeExceptionally(new UnknownTopicOrPartitionException());
                topics.put((String) name, unknown);
            }
        }
        return new Topics(topics);
    }

    private static ListOffsetsResult offsets(Broker broker, Map<?, ?> asked) {
        Map<TopicPartition, KafkaFuture<ListOffsetsResultInfo>> results = new HashMap<>();
        asked.forEach((key, spec) -> {
            TopicPartition partition = (TopicPartition) key;
            if (broker.isAway() || partition.partition() >= broker.logs.size()) {
                results.put(partition, failed());
                return;
            }
            Broker.Log log = broker.logs.get(partition.partition());
            long offset = spec instanceof OffsetSpec.EarliestSpec ? log.start : log.end;
            results.put(
                    partition,
                    KafkaFuture.completedFuture(new ListOffsetsResultInfo(offset, -1, Optional.of(log.epoch))));
        });
        return new ListOffsetsResult(results);
    }
}
