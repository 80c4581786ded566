package dev.tidemark.internal.loop;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.loop.Share.State;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.run.DrainedPolls;
import dev.tidemark.internal.run.Problems;
import dev.tidemark.internal.run.Seeks;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions of a {@link ClaimingLoop}: how they are assigned and revoked, and how their claims are made and lost. Used by the
 * thread that polls, but for {@link #held} and {@link #waiting}.
 */
final class Shares implements ConsumerRebalanceListener {
    private static final Logger LOG = LoggerFactory.getLogger(Shares.class);

    /** How often errors that only an operator can resolve are thrown, and retried. */
    static final Duration REMIND = Duration.ofSeconds(10);

    private final String groupId;
    private final ShareChanges changes;
    private final ControlThread control;
    private final Map<TopicPartition, Share> shares = new HashMap<>();
    private final IdleShares idle;
    private Pauses pauses = Pauses.none();
    private long assignments;
    private volatile Map<TopicPartition, Claim> held = Map.of();
    private volatile Map<TopicPartition, String> waiting = Map.of();

    /**
     * @param mostPolled how many records a poll returns at most
     */
    Shares(String groupId, Seeks seeks, ControlThread control, int mostPolled) {
        this.groupId = groupId;
        this.changes = new ShareChanges(groupId, seeks, control);
        this.control = control;
        this.idle = new IdleShares(new DrainedPolls(mostPolled));
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> claims = new HashMap<>();
        for (TopicPartition partition : partitions) {
            Share share = new Share(partition, ++assignments);
            changes.hold(share);
            shares.put(partition, share);
            claims.put(partition, share.assignment);
        }
        if (!claims.isEmpty()) {
            LOG.info("assigned group={} partitions={}", groupId, partitions);
            control.claim(claims, Duration.ZERO);
        }
        publish();
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        leave("revoked", partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        leave("lost", partitions);
    }

    private void leave(String how, Collection<TopicPartition> partitions) {
        Set<Claim> given = new HashSet<>();
        for (TopicPartition partition : partitions) {
            Share share = shares.remove(partition);
            if (share != null && share.claim != null) {
                given.add(share.claim);
            }
        }
        if (!partitions.isEmpty()) {
            control.forget(partitions);
            control.release(given);
            LOG.info("{} group={} partitions={}", how, groupId, partitions);
        }
        publish();
    }

    Set<TopicPartition> partitions() {
        return Set.copyOf(shares.keySet());
    }

    @Nullable
    Share get(TopicPartition partition) {
        return shares.get(partition);
    }

    List<Share> in(State... states) {
        return shares.values().stream().filter(share -> share.is(states)).toList();
    }

    /** The claims that partitions are held by, at positions that have committed. Any thread may ask. */
    Map<TopicPartition, Claim> held() {
        return held;
    }

    /** The partitions that are not read, and why. Any thread may ask. */
    Map<TopicPartition, String> waiting() {
        return waiting;
    }

    /** Which of them have nothing to do. */
    IdleShares idle() {
        return idle;
    }

    /** To be called after each poll, with the number of records that it returned. */
    void polled(int records) {
        idle.polled(shares.values(), records);
    }

    /** Those whose position in the client has to be compared, once. */
    List<Share> takeUnmoved() {
        return idle.takeUnmoved(shares.values());
    }

    /** Publishes the current state to other threads. */
    void publish() {
        Map<TopicPartition, Claim> claims = new HashMap<>();
        Map<TopicPartition, String> words = new HashMap<>();
        shares.forEach((partition, share) -> {
            if (share.claim != null) {
                claims.put(partition, share.claim);
            }
            if (!share.is(State.READING)) {
                TidemarkException why = share.why;
                words.put(
                        partition,
                        share.is(State.PAUSED)
                                ? "paused by an operator"
                                : why == null
                                        ? "to be claimed"
                                        : Problems.of(why).toString());
            }
        });
        held = Map.copyOf(claims);
        waiting = Map.copyOf(words);
    }

    /** What was returned counts from here on as far as it was confirmed; the rest is claimed again. */
    void settle(Handout handout) {
        for (TopicPartition partition : handout.partitions()) {
            Handout.Outcome outcome = handout.outcome(partition);
            Share share = shares.get(partition);
            Claim claim = share == null ? null : share.claim;
            if (outcome == null
                    || share == null
                    || claim == null
                    || !claim.token().equals(outcome.token())) {
                continue;
            }
            share.claim = claim.at(outcome.reached());
            if (outcome.complete()) {
                share.setbacks = 0;
            } else if (outcome.fenced()) {
                changes.lose(share, "fenced");
            } else if (outcome.swept()) {
                changes.giveUp(share, "undone with another partition");
            } else {
                changes.failed(share, outcome.moved());
            }
        }
        publish();
    }

    /** After a poll: what Kafka still assigns is claimed again. */
    void claimLost(long now) {
        Map<Duration, Map<TopicPartition, Long>> claims = new TreeMap<>();
        for (Share share : shares.values()) {
            boolean again = share.is(State.HALTED) && share.thrown && share.claim == null && share.dueAt - now <= 0;
            if (share.is(State.LOST) || again) {
                share.state = State.CLAIMING;
                share.assignment = ++assignments;
                claims.computeIfAbsent(share.patience, d -> new HashMap<>()).put(share.partition, share.assignment);
                share.patience = Duration.ZERO;
            }
        }
        claims.forEach((delay, wanted) -> control.claimAgain(wanted, delay));
    }

    /** The reason why a partition is stopped, if it is due to be thrown. */
    @Nullable
    TidemarkException due(long now) {
        for (Share share : in(State.HALTED)) {
            // One without a claim is claimed again instead, and halts again.
            if (!share.thrown || (share.claim != null && share.dueAt - now <= 0)) {
                share.thrown = true;
                share.dueAt = now + REMIND.toNanos();
                return share.why;
            }
        }
        return null;
    }

    /** Applies claims that were made; releases those that are no longer wanted. */
    void claimed(Map<ClaimedPartition, Long> made) {
        Set<Claim> vain = new HashSet<>();
        made.forEach((found, assignment) -> {
            Claim claim = found.claim();
            Share share = shares.get(claim.partition());
            if (share == null || share.assignment != assignment || !share.mayBeClaimed()) {
                vain.add(claim);
                return;
            }
            changes.claimed(share, found, pauses.cover(share.partition));
        });
        control.release(vain);
    }

    void refused(TopicPartition partition, long assignment, TidemarkException why) {
        Share share = shares.get(partition);
        if (share != null && share.assignment == assignment && share.is(State.CLAIMING)) {
            changes.halt(share, why);
        }
    }

    void waiting(Collection<TopicPartition> partitions, TidemarkException why) {
        for (TopicPartition partition : partitions) {
            Share share = shares.get(partition);
            if (share != null && share.is(State.CLAIMING)) {
                share.why = why;
            }
        }
    }

    void lost(Collection<Claim> claims) {
        for (Claim claim : claims) {
            Share share = shares.get(claim.partition());
            if (share != null && share.holds(claim)) {
                changes.lose(share, "fenced");
            }
        }
    }

    void halted(Collection<Claim> claims, TidemarkException why) {
        for (Claim claim : claims) {
            Share share = shares.get(claim.partition());
            if (share != null && share.holds(claim) && !share.is(State.HALTED)) {
                changes.halt(share, why);
            }
        }
    }

    void pauses(Pauses now) {
        pauses = now;
        for (Share share : in(State.READING)) {
            if (now.cover(share.partition)) {
                changes.pause(share);
            }
        }
        for (Share share : in(State.PAUSED)) {
            if (!now.cover(share.partition)) {
                changes.giveUp(share, "resumed");
            }
        }
    }

    /** The claim of this partition is gone, or in doubt. */
    void lose(Share share, String how) {
        changes.lose(share, how);
    }

    /** Nothing of it may be fetched until the control thread reports what is wrong with its position. */
    void explaining(Share share) {
        changes.explaining(share);
    }

    /** As {@link #lose}, for all that is read. */
    void loseAll(String how) {
        in(State.READING).forEach(share -> changes.lose(share, how));
        publish();
    }
}
