package dev.tidemark.internal.control;

import dev.tidemark.GapPolicy;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.internal.plan.Waiting;
import dev.tidemark.internal.store.BlockerWatch;
import dev.tidemark.internal.store.ClaimStore;
import dev.tidemark.internal.store.ControlConnection;
import dev.tidemark.internal.store.FailureWords;
import dev.tidemark.internal.store.LockHolders;
import dev.tidemark.internal.store.LogEndTable;
import dev.tidemark.internal.store.OwnershipTable;
import dev.tidemark.internal.store.PartitionStateTable;
import dev.tidemark.internal.store.PauseTable;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.store.Silence;
import dev.tidemark.internal.store.StoreIdentity;
import dev.tidemark.internal.store.UnitWaits;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that claims and looks, so that the poll thread waits neither for the database nor for a broker. Its methods may be
 * called from any thread and return at once.
 */
public final class ControlThread {
    private static final Logger LOG = LoggerFactory.getLogger(ControlThread.class);

    private static final Duration WATCH_EVERY = Duration.ofSeconds(1);
    private static final Duration PROBE_EVERY = Duration.ofSeconds(3);
    private static final Duration SAMPLE_EVERY = Duration.ofSeconds(5);
    private static final Duration COMPARE_EVERY = Duration.ofSeconds(10);
    private static final Duration END_EVERY = Duration.ofMillis(500);

    /** What is buffered is given 10 s to take effect before its partition halts. */
    private static final Duration EXPLAIN_EVERY = Duration.ofMillis(250);

    private static final int EXPLAIN_TRIES = 40;

    /**
     * What it needs to know.
     *
     * @param owner the name to claim under
     * @param storeId the store to find; empty for whichever is met first
     * @param transactionIdleTimeout how long a session of ours may be silent before it counts as stopped
     * @param deadline how long a unit may last
     * @param networkTimeout how long a server may be silent beyond what it was given to reply
     */
    public record Options(
            Schema schema,
            String groupId,
            String owner,
            Optional<UUID> storeId,
            ReadPlan reading,
            Duration transactionIdleTimeout,
            Duration deadline,
            Duration networkTimeout) {}

    private final Options options;
    private final ControlConnection connection;
    private final ClaimStore store;
    private final ClaimQueue claims;
    private final Probes watches;
    private final Supplier<Map<TopicPartition, Claim>> held;
    private final List<WorkerSession> sessions;
    private final ControlTasks tasks;
    private final ControlEvents events;
    private final PendingNotes notes;
    private final UnitWatch units;
    private final StoreIdentity identity;
    private final EndWatch ends;
    private final StartupChecks preparation;
    private final WaitWatch waits;
    private final GroupWatch group;

    /**
     * @param held the claims in force, and those that partitions are held by that stand still
     * @param assigned the partitions that Kafka assigns to this consumer
     * @param waiting the assigned partitions that make no progress for a reason that passes
     * @param sessions the workers' sessions, to see units that hang
     * @param threads where its thread belongs to
     */
    public ControlThread(
            Options options,
            ControlConnection connection,
            TopicLookup lookup,
            GroupLookup members,
            ControlEvents events,
            Supplier<Map<TopicPartition, Claim>> held,
            Supplier<Set<TopicPartition>> assigned,
            Supplier<List<Waiting>> waiting,
            List<WorkerSession> sessions,
            OwnThreads threads) {
        this.options = options;
        this.connection = connection;
        this.held = held;
        this.sessions = sessions;
        this.store = new ClaimStore(options.schema(), options.groupId());
        this.events = events;
        PartitionStateTable states = new PartitionStateTable(options.schema(), options.groupId());
        this.identity = new StoreIdentity(options.schema(), options.storeId().orElse(null));
        this.tasks = new ControlTasks(options.schema(), options.groupId(), connection, events::failed, threads);
        PauseWatch pauses = new PauseWatch(new PauseTable(options.schema(), options.groupId()), events);
        this.watches = new Probes(
                lookup,
                store,
                new LogEndTable(options.schema(), options.groupId()),
                connection,
                events,
                options.groupId(),
                options.reading().gaps(),
                identity,
                pauses,
                new BlockerWatch(options.transactionIdleTimeout(), options.deadline().plus(options.networkTimeout())));
        this.notes = new PendingNotes(tasks, connection, identity, store, options.owner());
        this.units = new UnitWatch(options.groupId(), sessions, options.deadline(), options.networkTimeout(), threads);
        this.ends = new EndWatch(options.groupId(), lookup, store, states, connection);
        this.preparation = new StartupChecks(
                options.schema(), options.groupId(), options.reading(), lookup, store.bindings(), identity, connection, ends);
        LockHolders holders = new LockHolders(options.schema(), options.groupId());
        this.waits = new WaitWatch(
                options.groupId(),
                connection,
                identity,
                states,
                holders,
                new UnitWaits(options.schema()),
                events,
                sessions,
                waiting,
                this::withoutKafka);
        this.group = new GroupWatch(
                members,
                options.reading().subscription(),
                new OwnershipTable(options.schema(), options.groupId()),
                connection,
                assigned,
                ends,
                events);
        Claimer claimer = new Claimer(
                lookup,
                store,
                identity,
                connection,
                holders,
                pauses,
                options.reading(),
                options.groupId(),
                options.owner(),
                watches::knows);
        this.claims = new ClaimQueue(options.groupId(), claimer, tasks, events, this::release);
    }

    /** Begins to look, once the store was found sound; completes exceptionally if waiting does not mend what was found. */
    public CompletableFuture<Void> start() {
        CompletableFuture<Void> sound = new CompletableFuture<>();
        units.start();
        tasks.later(() -> prepare(sound), Duration.ZERO);
        return sound;
    }

    /** Claims these partitions, each for its assignment, as soon as it can after the delay. */
    public void claim(Map<TopicPartition, Long> assignments, Duration delay) {
        claims.want(assignments, delay, false);
    }

    /** As {@link #claim}, for partitions whose claim was lost; with manual assignment only if nobody else owns them now. */
    public void claimAgain(Map<TopicPartition, Long> assignments, Duration delay) {
        claims.want(assignments, delay, options.reading().isManual());
    }

    /**
     * Writes down that a partition halted, however long that takes, unless it is claimed or moved meanwhile.
     *
     * @param claim the claim it was held by; null if its claim was refused
     */
    public void noteHalt(TopicPartition partition, @Nullable Claim claim, TidemarkException why, String words) {
        notes.halted(partition, claim, why.code(), words);
    }

    /** Takes back the count of an attempt at a record that this process has come back from, however long that takes. */
    public void noteSurvival(TopicPartition partition, long offset) {
        notes.survived(partition, offset);
    }

    /** Asks Kafka, now, whether these topics are still the ones that were claimed; the caller's thread waits. */
    public void confirm(Set<String> topics) throws UnitRefusedException {
        watches.confirm(topics);
    }

    /** How long ago, in nanoseconds, the database answered this thread. */
    public long sinceDatabaseAnswered(long now) {
        return connection.silence().sinceLastAnswer(now);
    }

    /** Since when the database has been silent to this thread. */
    public Silence silence() {
        return connection.silence();
    }

    /** Whether no connection to the database gets a reply, new ones neither. */
    public boolean isDatabaseSilent(long now) {
        long lastAnswer = connection.silence().sinceLastAnswer(now);
        for (WorkerSession session : sessions) {
            lastAnswer = Math.min(lastAnswer, session.silence().sinceLastAnswer(now));
        }
        return connection.silence().isConfirmed()
                && lastAnswer > options.networkTimeout().toNanos();
    }

    /** Cuts the connections of units that wait for a database that is silent. */
    public void cutOpenUnits() {
        units.cut();
    }

    /** Control tasks that fail for no known reason and are tried again, a sentence for each. */
    public List<String> unexpectedFailures() {
        return tasks.unexpected.now();
    }

    /** What either server has kept from succeeding for some seconds, one for each. */
    public List<Problem> troubles() {
        return tasks.troubles(System.nanoTime());
    }

    /** Gives up claiming these partitions. */
    public void forget(Collection<TopicPartition> partitions) {
        claims.forget(partitions);
    }

    /**
     * Moves positions beyond offsets that hold no record, in a transaction of its own.
     *
     * @return completes with the partitions that moved, or exceptionally if nobody knows
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

    /** Gives back what is still ours, however long that takes. */
    public void release(Collection<Claim> given) {
        if (!given.isEmpty()) {
            notes.released(given);
        }
    }

    /**
     * Finds out what is wrong with positions that the log does not have, and halts their partitions once the records read before
     * have taken effect: they may be gone from Kafka, and are still here.
     *
     * @param fetched the position that Kafka refused, by the claim it was read under
     * @param truncated whether Kafka says that the log was truncated
     * @param divergent where it was, if Kafka says so
     */
    public void explain(Map<Claim, Long> fetched, boolean truncated, Map<TopicPartition, Long> divergent) {
        explain(fetched, new Truncation(truncated, divergent), EXPLAIN_TRIES);
    }

    private void explain(Map<Claim, Long> fetched, Truncation truncation, int tries) {
        tasks.later(
                () -> explainNow(fetched, truncation, tries), tries == EXPLAIN_TRIES ? Duration.ZERO : EXPLAIN_EVERY);
    }

    private void explainNow(Map<Claim, Long> fetched, Truncation truncation, int tries) {
        Map<TopicPartition, Claim> now = held.get();
        Map<Claim, Long> due = new HashMap<>();
        Map<Claim, Long> open = new HashMap<>();
        fetched.forEach((claim, offset) -> {
            Claim current = now.get(claim.partition());
            if (current == null || !current.token().equals(claim.token())) {
                return;
            }
            // What is buffered may not be passed over, only what is gone.
            boolean patient = tries > 0 || options.reading().gaps() instanceof GapPolicy.ResumeAtEarliest;
            boolean buffered =
                    !truncation.happened() && patient && current.position().nextOffset() < offset;
            (buffered ? open : due).put(current, offset);
        });
        if (!open.isEmpty()) {
            explain(open, truncation, Math.max(0, tries - 1));
        }
        if (!due.isEmpty()) {
            Duration again = tasks.guarded("explain", () -> watches.explain(due.keySet(), truncation));
            if (!again.isZero()) {
                tasks.later(() -> explainNow(due, truncation, 0), again);
            }
        }
    }

    /**
     * Finishes what was asked for and ends, within the patience.
     *
     * @param hearNews run on the caller's thread once no claim is under way any more; claims that it gives back are given back
     */
    public void close(Runnable hearNews, Duration patience) {
        units.close();
        long end = System.nanoTime() + patience.toNanos();
        // A server that has fallen silent would keep all the rest waiting, and a new connection may lead to another
        // one.
        if (!tasks.finish(patience.dividedBy(3))) {
            connection.cut();
        }
        boolean done = tasks.finish(left(end).dividedBy(2));
        hearNews.run();
        tasks.later(this::endWaits, Duration.ZERO);
        done &= tasks.finish(left(end)) && notes.await(end);
        if (!done) {
            LOG.warn("not everything could be written down in time group={}", options.groupId());
        }
        tasks.close();
        if (!done) {
            connection.cut();
        }
        connection.close();
    }

    private static Duration left(long end) {
        return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    private void prepare(CompletableFuture<Void> sound) {
        Duration again = tasks.guarded("prepare", preparation::run, sound::completeExceptionally);
        if (!again.isZero()) {
            tasks.later(() -> prepare(sound), again);
        } else if (!sound.isDone()) {
            beginToLook();
            sound.complete(null);
        }
    }

    private void beginToLook() {
        tasks.every(WATCH_EVERY, "look for blockers", () -> watches.watchBlockers(sessions, System.nanoTime()));
        tasks.every(WATCH_EVERY, "ask a silent database", this::askIfSilent);
        tasks.every(WATCH_EVERY, "watch waits", () -> waits.look(System.nanoTime()));
        tasks.every(PROBE_EVERY, "probe claims", () -> ifHeld(current -> watches.probe(current.values())));
        tasks.every(SAMPLE_EVERY, "sample log ends", () -> ifHeld(current -> watches.sampleLogEnds(current.keySet())));
        tasks.every(
                COMPARE_EVERY, "compare topics", () -> ifHeld(current -> watches.compareIdentities(current.values())));
        Set<String> named = options.reading().subscription().named();
        if (!named.isEmpty()) {
            tasks.later(() -> lookForTopics(named), Duration.ZERO);
        }
        if (!options.reading().isManual()) {
            tasks.every(options.reading().untilEnd() ? PROBE_EVERY : COMPARE_EVERY, "look at the group", group::look);
        }
        if (options.reading().untilEnd()) {
            tasks.every(END_EVERY, "look for the end", this::lookForTheEnd);
        }
    }

    /** The partitions that are held, while nothing can be fetched for them. */
    private Map<TopicPartition, TidemarkException> withoutKafka() {
        Map<TopicPartition, TidemarkException> found = new HashMap<>();
        tasks.troubleOfKafka(System.nanoTime()).ifPresent(problem -> {
            TidemarkException why = new TidemarkException(
                    problem.code(), "group " + options.groupId() + ": " + problem.message(), null);
            held.get().keySet().forEach(partition -> found.put(partition, why));
        });
        return found;
    }

    private void endWaits() {
        try {
            waits.end();
        } catch (SQLException | TidemarkException e) {
            // The next claim takes it back.
            LOG.debug("could not take waits back cause=\"{}\"", FailureWords.describe(e));
        }
    }

    private void lookForTheEnd() throws SQLException, KafkaUnavailableException {
        EndWatch.Look look = ends.look();
        events.unfinished(look.unfinished(), ends.halted(), look.wrong());
    }

    private void lookForTopics(Set<String> names) {
        Duration unused = tasks.guarded("look for topics", () -> watches.lookForTopics(names));
        // Somebody may be about to create what is missing, and waits for us to see it.
        tasks.later(() -> lookForTopics(names), watches.areTopicsMissing() ? PROBE_EVERY : COMPARE_EVERY);
    }

    /** With no claims held, nothing else would notice that it replies again. */
    private void askIfSilent() throws SQLException {
        if (!connection.silence().known(System.nanoTime()).isZero()) {
            connection.inTransaction(c -> {
                identity.check(c);
                return c;
            });
        }
    }

    /** A look at what is held. */
    @FunctionalInterface
    private interface LookAtClaims {
        void run(Map<TopicPartition, Claim> claims) throws SQLException, KafkaUnavailableException;
    }

    private void ifHeld(LookAtClaims look) throws SQLException, KafkaUnavailableException {
        Map<TopicPartition, Claim> current = held.get();
        if (!current.isEmpty()) {
            look.run(current);
        }
    }
}
