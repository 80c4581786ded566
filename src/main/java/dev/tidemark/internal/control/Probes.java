package dev.tidemark.internal.control;

import dev.tidemark.GapPolicy;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.internal.store.BlockerWatch;
import dev.tidemark.internal.store.ClaimStore;
import dev.tidemark.internal.store.ControlConnection;
import dev.tidemark.internal.store.LogEndTable;
import dev.tidemark.internal.store.LogEndTable.Bounds;
import dev.tidemark.internal.store.OpenUnit;
import dev.tidemark.internal.store.StoreIdentity;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** What is looked at again and again while records flow. Used by the control thread. */
final class Probes {
    /** Below this age a unit is not worth a look at its locks. */
    private static final Duration LONG_UNIT = Duration.ofSeconds(1);

    private final TopicLookup lookup;
    private final ClaimStore store;
    private final LogEndTable logEnds;
    private final ControlConnection connection;
    private final ControlEvents events;
    private final String groupId;
    private final BlockerWatch blockers;
    private final GapPolicy gaps;
    private final StoreIdentity identity;
    private final PauseWatch pauses;

    private boolean topicsMissing;

    // Asked by the workers too.
    private final Map<String, Identity> identities = new ConcurrentHashMap<>();

    Probes(
            TopicLookup lookup,
            ClaimStore store,
            LogEndTable logEnds,
            ControlConnection connection,
            ControlEvents events,
            String groupId,
            GapPolicy gaps,
            StoreIdentity identity,
            PauseWatch pauses,
            BlockerWatch blockers) {
        this.lookup = lookup;
        this.store = store;
        this.logEnds = logEnds;
        this.connection = connection;
        this.events = events;
        this.groupId = groupId;
        this.gaps = gaps;
        this.identity = identity;
        this.pauses = pauses;
        this.blockers = blockers;
    }

    /** Notices that somebody paused something, moved an offset, or claimed a partition, while it was idle. */
    void probe(Collection<Claim> claims) throws SQLException {
        Set<TopicPartition> fenced = connection.inTransaction(c -> {
            identity.check(c);
            pauses.look(c);
            return store.fenced(c, claims);
        });
        if (!fenced.isEmpty()) {
            events.lost(of(claims, fenced), new FencedException(groupId, fenced));
        }
    }

    /** Samples the ends of the logs, for the status and for lag in SQL. */
    void sampleLogEnds(Set<TopicPartition> partitions) throws SQLException, KafkaUnavailableException {
        Map<TopicPartition, Long> starts = lookup.offsets().logStarts(partitions);
        Map<TopicPartition, Long> ends = lookup.offsets().logEnds(partitions);
        Map<TopicPartition, Bounds> bounds = new HashMap<>();
        ends.forEach((partition, end) -> bounds.put(partition, new Bounds(starts.getOrDefault(partition, 0L), end)));
        events.logEnds(ends);
        connection.inTransaction(c -> {
            identity.check(c);
            logEnds.sample(c, bounds);
            return bounds.size();
        });
    }

    /** Remembers which topics the claims are for. */
    void knows(Map<String, Identity> claimed) {
        identities.putAll(claimed);
    }

    /** Notices a topic that was deleted and created again, which causes no rebalance; answers the claims that it halts. */
    Set<Claim> compareIdentities(Collection<Claim> claims) throws KafkaUnavailableException {
        Set<String> topics =
                claims.stream().map(claim -> claim.partition().topic()).collect(Collectors.toSet());
        Set<Claim> halted = new HashSet<>();
        lookup.identities(topics).forEach((topic, actual) -> {
            Identity known = identities.putIfAbsent(topic, actual);
            Optional<TidemarkException> mismatch =
                    known == null ? Optional.empty() : BindingPlanner.mismatch(groupId, topic, known, actual);
            mismatch.ifPresent(why -> {
                List<Claim> affected = claims.stream()
                        .filter(claim -> claim.partition().topic().equals(topic))
                        .toList();
                events.halted(affected, why);
                halted.addAll(affected);
            });
        });
        return halted;
    }

    /** Says which topics that were named do not exist. */
    void lookForTopics(Set<String> names) throws KafkaUnavailableException {
        Set<String> missing = new HashSet<>(names);
        missing.removeAll(lookup.identities(names).keySet());
        topicsMissing = !missing.isEmpty();
        events.missing(missing.isEmpty() ? null : lookup.missing(missing));
    }

    /** What the last look for topics found. */
    boolean areTopicsMissing() {
        return topicsMissing;
    }

    /** Asks Kafka whether these topics are still the ones that were claimed. Any thread may ask, and waits for the answer. */
    void confirm(Set<String> topics) throws UnitRefusedException {
        Map<String, Identity> now;
        try {
            now = lookup.identities(topics);
        } catch (KafkaUnavailableException e) {
            throw new UnitRefusedException(new UnitOutcome.Troubled(ErrorCode.KAFKA_UNAVAILABLE, e));
        } catch (TidemarkException e) {
            // Kafka's refusal is not the handler's failure.
            throw new UnitRefusedException(new UnitOutcome.StoreFailed(e));
        }
        for (String topic : topics) {
            Identity known = identities.get(topic);
            Identity actual = now.get(topic);
            if (known == null || actual == null) {
                throw new UnitRefusedException(new UnitOutcome.Troubled(
                        ErrorCode.KAFKA_UNAVAILABLE, new IllegalStateException("topic " + topic + " cannot be confirmed")));
            }
            Optional<TidemarkException> mismatch = BindingPlanner.mismatch(groupId, topic, known, actual);
            if (mismatch.isPresent()) {
                throw new UnitRefusedException(new UnitOutcome.Refused(mismatch.get(), Set.of(topic)));
            }
        }
    }

    /** Frees workers that wait for a stopped owner. */
    void watchBlockers(List<WorkerSession> sessions, long now) throws SQLException {
        List<String> longOpen = sessions.stream()
                .filter(session -> isOlder(session, LONG_UNIT, now))
                .map(WorkerSession::applicationName)
                .toList();
        if (!longOpen.isEmpty()) {
            connection.inTransaction(c -> {
                blockers.look(c, longOpen, now);
                return longOpen.size();
            });
        }
    }

    /** Finds out which of four things is wrong with stored offsets that the log does not have, and does what is to be done then. */
    void explain(Collection<Claim> claims, Truncation truncation) throws SQLException, KafkaUnavailableException {
        Set<Claim> left = new HashSet<>(claims);
        left.removeAll(compareIdentities(claims));
        Set<TopicPartition> partitions = left.stream().map(Claim::partition).collect(Collectors.toSet());
        Map<TopicPartition, Long> starts = lookup.offsets().logStarts(partitions);
        Map<TopicPartition, Long> ends = lookup.offsets().logEnds(partitions);
        for (Claim claim : left) {
            long start = starts.getOrDefault(claim.partition(), 0L);
            long end = ends.getOrDefault(claim.partition(), 0L);
            LogMismatchException why =
                    outOfRange(claim.partition(), claim.position().nextOffset(), start, end, truncation);
            if (why.code() == ErrorCode.OFFSET_BELOW_LOG && gaps instanceof GapPolicy.ResumeAtEarliest) {
                passOver(claim, start);
            } else {
                events.halted(List.of(claim), why);
            }
        }
    }

    private void passOver(Claim claim, long start) throws SQLException {
        String lost = "records " + claim.position().nextOffset() + " to " + (start - 1)
                + " were deleted before they were read";
        connection.inTransaction(c -> store.passOver(c, claim, start, ErrorCode.OFFSET_BELOW_LOG + " " + lost));
        // There is one way back to reading: whatever came of it, the next claim tells where.
        events.lost(
                List.of(claim),
                new LogMismatchException(
                        ErrorCode.OFFSET_BELOW_LOG,
                        "group " + groupId + " topic " + claim.partition().topic() + " partition "
                                + claim.partition().partition() + ": " + lost
                                + ", going on without them as the GapPolicy says",
                        null));
    }

    private LogMismatchException outOfRange(
            TopicPartition partition, long offset, long start, long end, Truncation truncation) {
        String where = "group " + groupId + " topic " + partition.topic() + " partition " + partition.partition()
                + ": the stored offset " + offset;
        if (offset < start) {
            return new LogMismatchException(
                    ErrorCode.OFFSET_BELOW_LOG,
                    where + " is below the log, which now starts at " + start + "; records " + offset + " to "
                            + (start - 1) + " are gone. Update next_offset to " + start + " to go on without them,"
                            + " or choose GapPolicy.resumeAtEarliest()",
                    null);
        }
        Long divergent = truncation.divergent().get(partition);
        String replaced = divergent == null || divergent >= offset
                ? "the records before it may have been replaced by others"
                : "records " + divergent + " to " + (offset - 1) + " were replaced by others, or are gone";
        if (truncation.happened() && offset <= end) {
            return new LogMismatchException(
                    ErrorCode.LOG_TRUNCATED,
                    where + " belongs to a part of the log that was truncated and written again: " + replaced
                            + ". Compare the data, then update next_offset to where reading is to go on; to stay at "
                            + offset + ", set leader_epoch = null and start the consumer again",
                    null);
        }
        return new LogMismatchException(
                ErrorCode.OFFSET_BEYOND_LOG,
                where + " is beyond the log, which ends at " + end
                        + ". "
                        + (truncation.happened()
                                ? "The log was truncated, and " + replaced
                                : "It was truncated, or the offset was mistyped")
                        + "; update next_offset to at most " + end,
                null);
    }

    private static boolean isOlder(WorkerSession session, Duration age, long now) {
        OpenUnit unit = session.openUnit();
        return unit != null && unit.age(now) > age.toNanos();
    }

    private static List<Claim> of(Collection<Claim> claims, Set<TopicPartition> partitions) {
        return claims.stream()
                .filter(claim -> partitions.contains(claim.partition()))
                .toList();
    }
}
