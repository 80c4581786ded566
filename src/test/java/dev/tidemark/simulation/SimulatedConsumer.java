package dev.tidemark.simulation;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/** A KafkaConsumer of the simulated group and logs. */
final class SimulatedConsumer implements InvocationHandler {
    private static final int MOST_RECORDS = 12;

    private record Place(long offset, Optional<Integer> epoch) {}

    private final Broker broker;
    private final Group group;
    private final Scheduler scheduler;
    private final SimulatedProcess process;
    private final Map<Integer, Place> positions = new HashMap<>();
    private final Set<Integer> paused = new HashSet<>();
    private final Set<Integer> assigned = new TreeSet<>();
    private @Nullable ConsumerRebalanceListener listener;
    private Group.@Nullable Member member;
    private boolean woken;
    private boolean closed;

    /** Until when a member that was expelled does not know it. */
    private long ignorantUntil;

    private String topicOfPositions;

    private SimulatedConsumer(Broker broker, Group group, Scheduler scheduler, SimulatedProcess process) {
        this.broker = broker;
        this.group = group;
        this.scheduler = scheduler;
        this.process = process;
        this.topicOfPositions = broker.topicId.toString();
    }

    @SuppressWarnings("unchecked")
    static Consumer<byte[], byte[]> of(Broker broker, Group group, Scheduler scheduler, SimulatedProcess process) {
        return (Consumer<byte[], byte[]>) Proxy.newProxyInstance(
                SimulatedConsumer.class.getClassLoader(),
                new Class<?>[] {Consumer.class},
                new SimulatedConsumer(broker, group, scheduler, process));
    }

    @Override
    @SuppressWarnings({"unchecked", "removal"}) // There is no other way to make a generation yet.
    public @Nullable Object invoke(Object self, Method method, @Nullable Object @Nullable [] args) {
        if (process.dead && method.getDeclaringClass() != Object.class) {
            throw new Killed();
        }
        switch (method.getName()) {
            case "subscribe" -> {
                listener = (ConsumerRebalanceListener) Objects.requireNonNull(args)[1];
                member = group.join(process);
                return null;
            }
            case "unsubscribe" -> {
                leave();
                return null;
            }
            case "close" -> {
                if (!closed) {
                    leave();
                    closed = true;
                }
                return null;
            }
            case "poll" -> {
                return poll((Duration) Objects.requireNonNull(args)[0]);
            }
            case "pause" -> {
                ((Collection<TopicPartition>) Objects.requireNonNull(args)[0])
                        .forEach(p -> paused.add(requireAssigned(p)));
                return null;
            }
            case "resume" -> {
                ((Collection<TopicPartition>) Objects.requireNonNull(args)[0])
                        .forEach(p -> paused.remove(requireAssigned(p)));
                return null;
            }
            case "seek" -> {
                int partition = requireAssigned((TopicPartition) Objects.requireNonNull(args)[0]);
                Object to = args[1];
                positions.put(
                        partition,
                        to instanceof OffsetAndMetadata place
                                ? new Place(place.offset(), place.leaderEpoch())
                                : new Place((Long) Objects.requireNonNull(to), Optional.empty()));
                return null;
            }
            case "position" -> {
                int partition = requireAssigned((TopicPartition) Objects.requireNonNull(args)[0]);
                return Objects.requireNonNull(positions.get(partition)).offset();
            }
            case "wakeup" -> {
                woken = true;
                return null;
            }
            case "groupMetadata" -> {
                Group.Member current = member;
                return new ConsumerGroupMetadata("g", current == null ? -1 : current.generation, "", Optional.empty());
            }
            case "metrics" -> {
                return Map.of();
            }
            case "commitAsync" -> {
                return null;
            }
            case "hashCode" -> {
                return System.identityHashCode(self);
            }
            case "equals" -> {
                return self == Objects.requireNonNull(args)[0];
            }
            case "toString" -> {
                return "the consumer of " + process.name;
            }
            default -> throw new UnsupportedOperationException("not simulated: " + method);
        }
    }

    private int requireAssigned(TopicPartition partition) {
        if (!assigned.contains(partition.partition())) {
            throw new IllegalStateException("No current assignment for partition " + partition);
        }
        return partition.partition();
    }

    private static List<TopicPartition> partitions(Collection<Integer> numbers) {
        return numbers.stream().map(p -> new TopicPartition(Broker.TOPIC, p)).toList();
    }

    private void leave() {
        Group.Member current = member;
        if (current != null && listener != null) {
            if (current.expelled) {
                lose();
            } else {
                revoke(new TreeSet<>(assigned));
            }
            group.leave(current);
            member = null;
        }
    }

    private void drop(Collection<Integer> partitions) {
        assigned.removeAll(partitions);
        positions.keySet().removeAll(partitions);
        paused.removeAll(partitions);
    }

    private void revoke(Set<Integer> partitions) {
        if (!partitions.isEmpty()) {
            scheduler.note(() -> "revoked " + partitions);
            Objects.requireNonNull(listener).onPartitionsRevoked(partitions(partitions));
            drop(partitions);
            Group.Member current = member;
            if (current != null) {
                partitions.forEach(p -> group.holders.remove(p, current));
            }
        }
    }

    private void lose() {
        Set<Integer> all = new TreeSet<>(assigned);
        if (!all.isEmpty()) {
            scheduler.note(() -> "lost " + all);
            Objects.requireNonNull(listener).onPartitionsLost(partitions(all));
            drop(all);
        }
    }

    private void assign(Set<Integer> partitions) {
        assigned.addAll(partitions);
        scheduler.note(() -> "assigned " + partitions);
        Objects.requireNonNull(listener).onPartitionsAssigned(partitions(partitions));
        if (!positions.keySet().containsAll(assigned)) {
            throw new NoOffsetForPartitionException(new HashSet<>(partitions(partitions)));
        }
    }

    private ConsumerRecords<byte[], byte[]> poll(Duration patience) {
        scheduler.step("poll");
        long until = scheduler.now() + patience.toNanos();
        while (true) {
            if (woken) {
                woken = false;
                throw new WakeupException();
            }
            followGroup();
            if (!broker.isAway()) {
                ConsumerRecords<byte[], byte[]> records = fetch();
                if (!records.isEmpty() || !records.nextOffsets().isEmpty()) {
                    return records;
                }
            }
            if (scheduler.now() >= until) {
                return new ConsumerRecords<>(Map.of(), Map.of());
            }
            scheduler.block(until, () -> woken || isRebalancing() || (!broker.isAway() && hasMore()), null);
        }
    }

    private boolean isRebalancing() {
        Group.Member current = member;
        if (current == null) {
            return false;
        }
        if (current.expelled) {
            return scheduler.now() >= ignorantUntil;
        }
        if (group.protocol == Group.Protocol.EAGER) {
            return current.generation != group.generation || (group.isStable() && !assigned.equals(current.target));
        }
        return !current.target.containsAll(assigned)
                || current.generation != group.generation
                || current.target.stream().anyMatch(p -> !assigned.contains(p) && isFree(p, current));
    }

    private boolean isFree(int partition, Group.Member current) {
        Group.Member holder = group.holders.get(partition);
        return holder == null || holder == current;
    }

    private void followGroup() {
        Group.Member current = Objects.requireNonNull(member);
        if (current.expelled) {
            if (ignorantUntil == 0) {
                ignorantUntil = scheduler.now() + (long) (scheduler.random.nextDouble() * 3e9);
            }
            if (scheduler.now() < ignorantUntil) {
                return;
            }
            ignorantUntil = 0;
            lose();
            current = group.join(process);
            member = current;
        }
        if (group.protocol == Group.Protocol.EAGER) {
            if (current.generation != group.generation) {
                int joining = group.generation;
                revoke(new TreeSet<>(assigned));
                current.generation = joining;
            }
            if (group.isStable() && !assigned.equals(current.target)) {
                take(current, new TreeSet<>(current.target));
            }
            return;
        }
        current.generation = group.generation;
        Set<Integer> gone = new TreeSet<>(assigned);
        gone.removeAll(current.target);
        revoke(gone);
        if (member != current || current.expelled) {
            return;
        }
        Set<Integer> fresh = new TreeSet<>(current.target);
        fresh.removeAll(assigned);
        Group.Member asking = current;
        fresh.removeIf(p -> !isFree(p, asking));
        if (!fresh.isEmpty()) {
            take(current, fresh);
        }
    }

    private void take(Group.Member current, Set<Integer> partitions) {
        partitions.forEach(p -> group.holders.put(p, current));
        assign(partitions);
    }

    private boolean hasMore() {
        for (int p : assigned) {
            Place place = positions.get(p);
            if (!paused.contains(p) && place != null && p < broker.logs.size()) {
                Broker.Log log = broker.logs.get(p);
                if (place.offset() != log.end || isDivergent(log, place)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isDivergent(Broker.Log log, Place place) {
        return place.epoch().isPresent()
                && place.epoch().get() <= log.epoch
                && log.endOf(place.epoch().get()) < place.offset();
    }

    private ConsumerRecords<byte[], byte[]> fetch() {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new LinkedHashMap<>();
        Map<TopicPartition, OffsetAndMetadata> next = new LinkedHashMap<>();
        Map<TopicPartition, Long> outOfRange = new TreeMap<>(SimulatedConsumer::compare);
        Map<TopicPartition, OffsetAndMetadata> divergent = new TreeMap<>(SimulatedConsumer::compare);
        if (!topicOfPositions.equals(broker.topicId.toString())) {
            // The epochs of another topic say nothing about this one.
            topicOfPositions = broker.topicId.toString();
            positions.replaceAll((p, place) -> new Place(place.offset(), Optional.empty()));
        }
        for (int p : assigned) {
            Place place = positions.get(p);
            if (paused.contains(p) || place == null || p >= broker.logs.size()) {
                continue;
            }
            TopicPartition partition = new TopicPartition(Broker.TOPIC, p);
            Broker.Log log = broker.logs.get(p);
            if (isDivergent(log, place)) {
                outOfRange.put(partition, place.offset());
                long end = log.endOf(place.epoch().orElseThrow());
                divergent.put(partition, new OffsetAndMetadata(end, Optional.of(log.epochAt(end)), ""));
            } else if (place.offset() < log.start || place.offset() > log.end) {
                outOfRange.put(partition, place.offset());
            } else if (place.offset() < log.end) {
                fetch(partition, log, place, records, next);
            }
        }
        if (records.isEmpty() && next.isEmpty()) {
            if (!divergent.isEmpty()) {
                throw new LogTruncationException(outOfRange, divergent);
            }
            if (!outOfRange.isEmpty()) {
                throw new OffsetOutOfRangeException(outOfRange);
            }
        }
        return new ConsumerRecords<>(records, next);
    }

    private static int compare(TopicPartition a, TopicPartition b) {
        return Integer.compare(a.partition(), b.partition());
    }

    private void fetch(
            TopicPartition partition,
            Broker.Log log,
            Place place,
            Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records,
            Map<TopicPartition, OffsetAndMetadata> next) {
        int most = 1 + scheduler.random.nextInt(MOST_RECORDS);
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        Place at = place;
        for (Broker.Entry entry : log.records.tailMap(place.offset(), true).values()) {
            if (found.size() == most) {
                break;
            }
            found.add(entry.asRecord());
            at = new Place(entry.offset() + 1, Optional.of(entry.epoch()));
        }
        if (found.size() < most) {
            // Nothing but what has no record follows.
            at = new Place(
                    log.end,
                    at.epoch().isPresent() || !found.isEmpty() ? Optional.of(log.epochAt(log.end - 1)) : at.epoch());
        }
        if (!found.isEmpty()) {
            records.put(partition, found);
        }
        positions.put(partition.partition(), at);
        next.put(partition, new OffsetAndMetadata(at.offset(), at.epoch(), ""));
    }
}
