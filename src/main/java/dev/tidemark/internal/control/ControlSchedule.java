package dev.tidemark.internal.control;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.plan.Waiting;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.lock.BlockerWatch;
import dev.tidemark.internal.store.lock.LockHolders;
import dev.tidemark.internal.store.lock.UnitWaits;
import dev.tidemark.internal.store.table.OwnershipTable;
import dev.tidemark.internal.store.table.PartitionStateTable;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The periodic tasks of the control thread, and how often they run. Its tasks run on the control thread. */
final class ControlSchedule {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSchedule.class);

    private static final Duration WATCH_EVERY = Duration.ofSeconds(1);
    private static final Duration PROBE_EVERY = Duration.ofSeconds(3);
    private static final Duration SAMPLE_EVERY = Duration.ofSeconds(5);
    private static final Duration COMPARE_EVERY = Duration.ofSeconds(10);
    private static final Duration END_EVERY = Duration.ofMillis(500);

    private final ControlContext context;
    private final ControlTasks tasks;
    private final ReadPlan reading;
    private final TopicIdentities topics;
    private final ClaimProbe claims;
    private final LogEndProbe logEnds;
    private final TopicProbe missing;
    private final BlockerProbe blockers;
    private final EndWatch ends;
    private final StartupChecks preparation;
    private final WaitWatch waits;
    private final GroupWatch group;
    private final CloseLook closely;
    private final PendingNotes notes;
    private final Supplier<Set<TopicPartition>> assigned;

    /**
     * @param assigned the partitions that Kafka assigns to this consumer
     * @param waiting the assigned partitions that make no progress for a transient reason
     * @param sessions the workers' sessions, to detect units that hang
     * @param notes what has to be in the database
     */
    ControlSchedule(
            ControlContext context,
            TopicIdentities topics,
            TopicProbe missing,
            PauseWatch pauses,
            LockHolders holders,
            GroupLookup members,
            Supplier<Set<TopicPartition>> assigned,
            Supplier<List<Waiting>> waiting,
            List<WorkerSession> sessions,
            PendingNotes notes) {
        this.notes = notes;
        this.context = context;
        this.topics = topics;
        this.tasks = context.tasks();
        this.assigned = assigned;
        ControlOptions options = context.options();
        this.reading = options.reading();
        PartitionStateTable states = new PartitionStateTable(options.schema(), options.groupId());
        this.claims = new ClaimProbe(context, pauses);
        this.logEnds = new LogEndProbe(context);
        this.missing = missing;
        this.blockers = new BlockerProbe(
                context.connection(),
                new BlockerWatch(
                        options.transactionIdleTimeout(), options.deadline().plus(options.networkTimeout())),
                sessions);
        this.ends = new EndWatch(options.groupId(), context.lookup(), context.store(), states, context.connection());
        this.preparation = new StartupChecks(
                options.schema(),
                options.groupId(),
                options.workers(),
                reading,
                context.lookup(),
                context.store().bindings(),
                context.identity(),
                context.connection(),
                ends);
        this.waits = new WaitWatch(
                options.groupId(),
                context.connection(),
                context.identity(),
                states,
                holders,
                new UnitWaits(options.schema()),
                context.events(),
                sessions,
                waiting,
                this::withoutRecords);
        this.closely = new CloseLook(tasks, context.connection(), sessions);
        this.group = new GroupWatch(
                members,
                reading.subscription(),
                new OwnershipTable(options.schema(), options.groupId()),
                context.connection(),
                assigned,
                ends,
                context.events());
    }

    /** There is a unit to look at closely. Any thread may call. */
    void lookClosely() {
        closely.begin();
    }

    /** Starts the checks, once the store was validated; completes exceptionally if waiting does not resolve what was found. */
    void prepare(CompletableFuture<Void> sound) {
        Duration again = tasks.guarded("prepare", preparation::run, sound::completeExceptionally);
        if (!again.isZero()) {
            tasks.later(() -> prepare(sound), again);
        } else if (!sound.isDone()) {
            beginToLook();
            sound.complete(null);
        }
    }

    private void beginToLook() {
        tasks.every(WATCH_EVERY, "look for blockers", () -> blockers.look(Host.nanoTime()));
        tasks.every(WATCH_EVERY, "ask a silent database", this::askIfSilent);
        tasks.every(WATCH_EVERY, "watch waits", () -> waits.look(Host.nanoTime()));
        tasks.every(PROBE_EVERY, "probe claims", () -> ifHeld(current -> claims.probe(current.values())));
        tasks.every(
                PROBE_EVERY, "look at halts", () -> notes.restate(context.held().get()));
        tasks.every(SAMPLE_EVERY, "sample log ends", logEnds::sampleLogEnds);
        tasks.every(COMPARE_EVERY, "compare topics", () -> ifHeld(current -> topics.compare(current.values())));
        Set<String> named = reading.subscription().named();
        if (!named.isEmpty()) {
            tasks.later(() -> lookForTopics(named), Duration.ZERO);
        }
        if (reading.subscription() instanceof Subscription.Matching) {
            // At once, since a bounded run without one of them may be over soon.
            tasks.every(Duration.ZERO, COMPARE_EVERY, "look for bound topics", missing::lookForBound);
        }
        if (!reading.isManual()) {
            tasks.every(reading.untilEnd() ? PROBE_EVERY : COMPARE_EVERY, "look at the group", group::look);
        }
        if (reading.untilEnd()) {
            tasks.every(END_EVERY, "look for the end", this::lookForTheEnd);
        }
    }

    /** The partitions for which nothing can be fetched, with the reason. */
    private Map<TopicPartition, TidemarkException> withoutRecords() {
        Map<TopicPartition, TidemarkException> found = new HashMap<>(logEnds.found());
        found.putAll(ends.withoutRecords());
        tasks.kafkaProblem(Host.nanoTime()).ifPresent(problem -> {
            TidemarkException why = new TidemarkException(
                    problem.code(), "group " + context.groupId() + ": " + problem.message(), null);
            context.held().get().keySet().forEach(partition -> found.put(partition, why));
        });
        return found;
    }

    /** Clears the recorded waits: they end with this consumer. */
    void endWaits() {
        try {
            waits.end();
        } catch (SQLException | TidemarkException e) {
            // The next claim clears it.
            LOG.debug("could not clear waits cause=\"{}\"", FailureWords.describe(e));
        }
    }

    private void lookForTheEnd() throws SQLException, KafkaUnavailableException {
        context.events().unfinished(ends.look());
        ends.tellElsewhere(assigned.get());
    }

    private void lookForTopics(Set<String> names) {
        Duration unused = tasks.guarded("look for topics", () -> missing.lookForTopics(names));
        // A missing topic may be created at any moment, and should be noticed soon.
        tasks.later(() -> lookForTopics(names), missing.areTopicsMissing() ? PROBE_EVERY : COMPARE_EVERY);
    }

    /** With no claims held, nothing else would notice that it replies again. */
    private void askIfSilent() throws SQLException {
        if (!context.connection().silence().known(Host.nanoTime()).isZero()) {
            var unused = context.inStore(c -> c);
        }
    }

    /** A look at what is held. */
    @FunctionalInterface
    private interface LookAtClaims {
        void run(Map<TopicPartition, Claim> claims) throws SQLException, KafkaUnavailableException;
    }

    private void ifHeld(LookAtClaims look) throws SQLException, KafkaUnavailableException {
        Map<TopicPartition, Claim> current = context.held().get();
        if (!current.isEmpty()) {
            look.run(current);
        }
    }
}
