package dev.tidemark.internal.run;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlEvents;
import dev.tidemark.internal.control.Unfinished;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.unit.WorkerEvents;
import dev.tidemark.offsets.Claim;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events from workers and control thread, passed to the poll thread and processed there: states, pauses and seeks change nowhere
 * else. Any thread may report.
 */
final class PollThreadEvents implements WorkerEvents, ControlEvents {
    private static final Logger LOG = LoggerFactory.getLogger(PollThreadEvents.class);

    private final String groupId;
    private final Assignment assigned;
    private final PollThreadTasks tasks;
    private final Mirror mirror;
    private @Nullable Transitions transitions;
    private @Nullable WaitTransitions waits;
    private final ForeignMembers foreignMembers;
    private final UnseenTopics unseen;
    private Map<TopicPartition, Claim> unmoved = Map.of();
    private volatile @Nullable TidemarkException failure;
    private volatile @Nullable TidemarkException missing;
    private volatile @Nullable Unfinished unfinished;

    PollThreadEvents(
            String groupId, Assignment assigned, PollThreadTasks tasks, Mirror mirror, ForeignMembers foreignMembers) {
        this.groupId = groupId;
        this.assigned = assigned;
        this.tasks = tasks;
        this.mirror = mirror;
        this.foreignMembers = foreignMembers;
        this.unseen = new UnseenTopics(groupId);
    }

    /** Connects it to what processes the events, which in turn depends on those that report here. */
    void connect(Transitions changes, WaitTransitions waiting) {
        this.transitions = changes;
        this.waits = waiting;
    }

    /** The error that stops the whole consumer; null while there is none. */
    @Nullable
    TidemarkException failure() {
        return failure;
    }

    /** Topics that do not exist; null if all of them do. */
    @Nullable
    TidemarkException missing() {
        return missing;
    }

    /** What remains to be done in a bounded run; null before that is known. */
    @Nullable
    Unfinished unfinished() {
        return unfinished;
    }

    /** Members of the group that are not Tidemark consumers, and what they hold. */
    ForeignMembers foreignMembers() {
        return foreignMembers;
    }

    /** Topics that a pattern matched once and that are no longer seen. */
    UnseenTopics unseenTopics() {
        return unseen;
    }

    /** Processes the remaining events once no partition is assigned any more; claims are released. */
    void drain() {
        tasks.runAll();
    }

    // Events from the workers.

    @Override
    public void spaceFor(Collection<TopicPartition> partitions) {
        tasks.post(() -> transitions().resume(partitions));
    }

    @Override
    public void appetite() {
        tasks.stir();
    }

    @Override
    public void lost(Collection<Claim> claims, TidemarkException why) {
        tasks.post(() -> transitions().lost(claims, why));
    }

    @Override
    public void halted(Collection<Claim> claims, TidemarkException why) {
        tasks.post(() -> transitions().halted(claims, why));
    }

    @Override
    public void retrying(Collection<Claim> claims, TidemarkException why) {
        tasks.post(() -> waits().retrying(claims, why));
    }

    @Override
    public void moved(Collection<Claim> claims) {
        mirror.note(claims);
    }

    @Override
    public void recovered(Collection<Claim> claims) {
        tasks.post(() -> waits().recovered(claims));
    }

    @Override
    public void drained(Claim claim) {
        tasks.post(() -> transitions().drained(claim));
    }

    @Override
    public void survived(Claim claim, long offset) {
        tasks.post(() -> transitions().survived(claim, offset));
    }

    @Override
    public void failed(TidemarkException why) {
        failure = why;
        tasks.wake();
    }

    // Events from the control thread; lost, halted and failed are the same for both.

    @Override
    public void claimed(Map<ClaimedPartition, Long> assignments) {
        tasks.post(() -> transitions().claimed(assignments));
    }

    @Override
    public void refused(TopicPartition partition, long assignment, TidemarkException why) {
        tasks.post(() -> transitions().refused(partition, assignment, why));
    }

    @Override
    public void pauses(Pauses now) {
        tasks.post(() -> transitions().pauses(now));
    }

    @Override
    public void waiting(Collection<TopicPartition> partitions, TidemarkException why) {
        tasks.post(() -> waits().waiting(partitions, why));
    }

    @Override
    public void waits(Map<TopicPartition, TidemarkException> found) {
        tasks.post(() -> waits().waits(found));
    }

    @Override
    public void unmoved(Map<TopicPartition, Claim> idle) {
        tasks.post(() -> unmoved = idle);
    }

    /** Partitions whose position in the client has to be compared, once; for the poll thread. */
    Map<TopicPartition, Claim> takeUnmoved() {
        Map<TopicPartition, Claim> due = unmoved;
        unmoved = Map.of();
        return due;
    }

    @Override
    public void missing(@Nullable TidemarkException why) {
        TidemarkException before = missing;
        missing = why;
        if (why != null && before == null) {
            LOG.warn(
                    "topics are missing, waiting for them group={} code={} error=\"{}\"",
                    groupId,
                    why.code(),
                    LogContext.quotable(why, Problems.of(why).toString()));
        } else if (why == null && before != null) {
            LOG.info("all topics exist now group={}", groupId);
        }
    }

    @Override
    public void unseen(@Nullable TidemarkException why) {
        unseen.are(why);
    }

    @Override
    public void unfinished(Unfinished left) {
        unfinished = left;
        if (left.partitions().isEmpty() || !left.wrong().isEmpty()) {
            tasks.wake();
        }
    }

    @Override
    public void heldByForeignMembers(Map<TopicPartition, String> holders) {
        foreignMembers.hold(holders);
    }

    @Override
    public void logEnds(Map<TopicPartition, Long> ends) {
        assigned.logEnds(ends);
    }

    private WaitTransitions waits() {
        return Objects.requireNonNull(waits, "not connected yet");
    }

    private Transitions transitions() {
        return Objects.requireNonNull(transitions, "not connected yet");
    }
}
