package dev.tidemark.internal.control;

import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.internal.plan.Waiting;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.connection.Silence;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.lock.LockHolders;
import dev.tidemark.internal.store.schema.StoreIdentity;
import dev.tidemark.internal.store.table.PartitionStateTable;
import dev.tidemark.internal.store.table.PauseTable;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that makes claims and checks, so that the poll thread waits neither for the database nor for a broker. Its methods may
 * be called from any thread and return at once.
 */
public final class ControlThread {
    private static final Logger LOG = LoggerFactory.getLogger(ControlThread.class);

    private final ControlOptions options;
    private final ControlConnection connection;
    private final ClaimStore store;
    private final ClaimQueue claims;
    private final List<WorkerSession> sessions;
    private final ControlTasks tasks;
    private final PendingNotes notes;
    private final UnitWatch units;
    private final StoreIdentity identity;
    private final TopicIdentities topics;
    private final LogMismatches mismatches;
    private final ControlSchedule schedule;

    /**
     * @param held the claims in force, including those of halted or paused partitions
     * @param idle those of partitions that are being read and have nothing to do: no record of them waits or is in a unit
     * @param assigned the partitions that Kafka assigns to this consumer
     * @param waiting the assigned partitions that make no progress for a transient reason
     * @param sessions the workers' sessions, to detect units that hang; there may be none yet
     * @param threads the consumer's threads, to which its own is added
     */
    public ControlThread(
            ControlOptions options,
            ControlConnection connection,
            TopicLookup lookup,
            GroupLookup members,
            ControlEvents events,
            Supplier<Map<TopicPartition, Claim>> held,
            Supplier<Map<TopicPartition, Claim>> idle,
            Supplier<Set<TopicPartition>> assigned,
            Supplier<List<Waiting>> waiting,
            List<WorkerSession> sessions,
            OwnThreads threads) {
        this.options = options;
        this.connection = connection;
        this.sessions = sessions;
        this.store = new ClaimStore(options.schema(), options.groupId());
        this.identity = new StoreIdentity(options.schema(), options.storeId().orElse(null));
        this.tasks = new ControlTasks(options.schema(), options.groupId(), connection, events::failed, threads);
        ControlContext context =
                new ControlContext(options, connection, lookup, events, tasks, store, identity, held, idle);
        PauseWatch pauses = new PauseWatch(new PauseTable(options.schema(), options.groupId()), events);
        LockHolders holders = new LockHolders(options.schema(), options.groupId());
        this.topics = new TopicIdentities(options.schema().name(), options.groupId(), lookup, events);
        this.mismatches = new LogMismatches(context, topics);
        TopicProbe missing = new TopicProbe(context);
        this.notes = new PendingNotes(
                tasks,
                connection,
                identity,
                store,
                new PartitionStateTable(options.schema(), options.groupId()),
                options.owner());
        this.units = new UnitWatch(options.groupId(), sessions, options.deadline(), options.networkTimeout(), threads);
        this.schedule = new ControlSchedule(
                context, topics, missing, pauses, holders, members, assigned, waiting, sessions, notes);
        Claimer claimer = new Claimer(context, holders, pauses, topics::knows, missing);
        this.claims = new ClaimQueue(options.groupId(), claimer, tasks, events, this::release);
    }

    /** Starts the checks, once the store was validated; completes exceptionally if waiting does not resolve what was found. */
    public CompletableFuture<Void> start() {
        CompletableFuture<Void> sound = new CompletableFuture<>();
        units.start();
        tasks.later(() -> schedule.prepare(sound), Duration.ZERO);
        return sound;
    }

    /** Looks closely at the session's units when it asks for that; to be called before its first unit. */
    public void observe(WorkerSession session) {
        session.observedBy(schedule::lookClosely);
    }

    /** Claims these partitions, each for its assignment, as soon as possible after the delay. */
    public void claim(Map<TopicPartition, Long> assignments, Duration delay) {
        claims.want(assignments, delay, false);
    }

    /** As {@link #claim}, for partitions whose claim was lost; with manual assignment only if they have no other owner now. */
    public void claimAgain(Map<TopicPartition, Long> assignments, Duration delay) {
        claims.want(assignments, delay, options.reading().isManual());
    }

    /**
     * Records that a partition halted, however long that takes, unless it is claimed or moved in the meantime.
     *
     * @param claim the claim it was held by; null if its claim was refused
     */
    public void noteHalt(TopicPartition partition, @Nullable Claim claim, TidemarkException why, String words) {
        notes.halted(partition, claim, why.code(), words);
    }

    /** Undoes the count of an attempt at a record that this process has survived, however long that takes. */
    public void noteSurvival(TopicPartition partition, long offset) {
        notes.survived(partition, offset);
    }

    /** Checks with Kafka, now, whether these topics are still the ones that were claimed; the caller's thread waits. */
    public void confirm(Set<String> topics) throws UnitRefusedException {
        this.topics.confirm(topics);
    }

    /** How long ago, in nanoseconds, the database last replied to this thread. */
    public long sinceDatabaseAnswered(long now) {
        return connection.silence().sinceLastAnswer(now);
    }

    /** Since when the database has been silent to this thread. */
    public Silence silence() {
        return connection.silence();
    }

    /** Whether no connection to the database gets a reply, not even a new one. */
    public boolean isDatabaseSilent(long now) {
        long lastAnswer = connection.silence().sinceLastAnswer(now);
        for (WorkerSession session : sessions) {
            lastAnswer = Math.min(lastAnswer, session.silence().sinceLastAnswer(now));
        }
        return connection.silence().isConfirmed()
                && lastAnswer > options.networkTimeout().toNanos();
    }

    /** Aborts the connections of units that wait for an unresponsive database. */
    public void cutOpenUnits() {
        units.cut();
    }

    /** Control tasks that fail for no known reason and are tried again, a sentence for each. */
    public List<String> unexpectedFailures() {
        return tasks.unexpected.now();
    }

    /** What either server has kept from succeeding for some seconds, at most one for each. */
    public List<Problem> problems() {
        return tasks.problems(Host.nanoTime());
    }

    /** Gives up claiming these partitions. */
    public void forget(Collection<TopicPartition> partitions) {
        claims.forget(partitions);
    }

    /**
     * Moves positions beyond offsets without a record, in a transaction of its own.
     *
     * @return completes with the partitions that moved, or exceptionally if that is unknown
     */
    public CompletableFuture<Set<TopicPartition>> advance(Map<Claim, Position> moves) {
        CompletableFuture<Set<TopicPartition>> moved = new CompletableFuture<>();
        tasks.later(
                () -> {
                    try {
                        moved.complete(connection.inTransaction(c -> {
                            identity.check(c);
                            return store.advance(c, moves);
                        }));
                    } catch (SQLException | RuntimeException e) {
                        moved.completeExceptionally(e);
                    }
                },
                Duration.ZERO);
        return moved;
    }

    /** Releases the claims that are still ours, however long that takes. */
    public void release(Collection<Claim> given) {
        if (!given.isEmpty()) {
            notes.released(given);
        }
    }

    /**
     * Finds out what is wrong with positions that the log does not have, and halts their partitions once the records read before
     * have taken effect, however long that takes: they may be gone from Kafka, and exist only here.
     *
     * @param fetched the position that Kafka refused, by the claim it was read under
     * @param truncated whether Kafka says that the log was truncated
     * @param divergent where it was, if Kafka says so
     */
    public void explain(Map<Claim, Long> fetched, boolean truncated, Map<TopicPartition, Long> divergent) {
        mismatches.explain(fetched, truncated, divergent);
    }

    /**
     * Finishes what was requested and ends, within the patience.
     *
     * @param deliverEvents run on the caller's thread once no claim is in progress any more; claims that it releases are still
     *     released
     */
    public void close(Runnable deliverEvents, Duration patience) {
        units.close();
        long end = Host.nanoTime() + patience.toNanos();
        // A server that does not reply would make all the rest wait, and a new connection may reach another one.
        if (!tasks.finish(patience.dividedBy(3))) {
            connection.cut();
        }
        boolean done = tasks.finish(left(end).dividedBy(2));
        deliverEvents.run();
        tasks.later(schedule::endWaits, Duration.ZERO);
        done &= tasks.finish(left(end)) && notes.await(end);
        if (!done) {
            LOG.warn("not everything could be recorded in time group={}", options.groupId());
        }
        tasks.close();
        if (!done) {
            connection.cut();
        }
        connection.close();
    }

    private static Duration left(long end) {
        return Duration.ofNanos(Math.max(0, end - Host.nanoTime()));
    }
}
