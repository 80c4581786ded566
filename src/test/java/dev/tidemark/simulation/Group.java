package dev.tidemark.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** The group's coordinator: who is a member, and which partitions it gives to whom. */
final class Group {
    enum Protocol {
        EAGER,
        COOPERATIVE,
        CONSUMER
    }

    /** A member as the coordinator knows it. */
    static final class Member {
        final String id;
        final SimulatedProcess process;
        boolean expelled;
        boolean left;

        /** The generation that it has joined; under the eager protocol it has revoked everything by then. */
        int generation = -1;

        Set<Integer> target = new TreeSet<>();
        long lastSeen;

        Member(String id, SimulatedProcess process) {
            this.id = id;
            this.process = process;
        }
    }

    final Protocol protocol;
    final long sessionTimeout;
    private final Scheduler scheduler;
    private final Random random;
    private final Broker broker;
    private final Map<String, Member> members = new LinkedHashMap<>();

    /** Which member has a partition, as far as the coordinator knows. */
    final Map<Integer, Member> holders = new HashMap<>();

    int generation;
    private int ids;
    private int partitionsSeen;

    Group(Protocol protocol, long sessionTimeout, Scheduler scheduler, Random random, Broker broker) {
        this.protocol = protocol;
        this.sessionTimeout = sessionTimeout;
        this.scheduler = scheduler;
        this.random = random;
        this.broker = broker;
    }

    Member join(SimulatedProcess process) {
        Member member = new Member("member-" + ++ids, process);
        member.lastSeen = scheduler.now();
        members.put(member.id, member);
        rebalance();
        return member;
    }

    void leave(Member member) {
        member.left = true;
        remove(member);
    }

    void expel(Member member) {
        member.expelled = true;
        scheduler.note(() -> "the group expels " + member.process.name);
        remove(member);
    }

    private void remove(Member member) {
        if (members.remove(member.id) != null) {
            holders.values().removeIf(holder -> holder == member);
            rebalance();
        }
    }

    List<Member> members() {
        return new ArrayList<>(members.values());
    }

    /** Expels what does not reply, and sees that there are more partitions. */
    void look() {
        for (Member member : members()) {
            boolean silent = member.process.dead || member.process.stopped;
            if (!silent) {
                member.lastSeen = scheduler.now();
            } else if (scheduler.now() - member.lastSeen > sessionTimeout) {
                expel(member);
            }
        }
        if (broker.logs.size() != partitionsSeen) {
            rebalance();
        }
    }

    void rebalance() {
        generation++;
        partitionsSeen = broker.logs.size();
        holders.keySet().removeIf(partition -> partition >= partitionsSeen);
        List<Member> all = members();
        all.forEach(member -> member.target = new TreeSet<>());
        if (all.isEmpty()) {
            return;
        }
        int shift = random.nextInt(all.size());
        for (int p = 0; p < partitionsSeen; p++) {
            all.get((p + shift) % all.size()).target.add(p);
        }
    }

    /** Whether every member has joined the generation, so that its partitions are given out. */
    boolean isStable() {
        return members.values().stream().allMatch(member -> member.generation == generation);
    }
}
