package dev.tidemark.internal.run;

import dev.tidemark.TidemarkListener;
import dev.tidemark.internal.control.ControlOptions;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.ClientLibrary;
import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.run.EngineOptions.StoreSide;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.lock.BlockerWatch;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.internal.store.transaction.UnitTransaction;
import dev.tidemark.internal.thread.HandlerThread;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.CountedAttempts;
import dev.tidemark.internal.unit.DecodeAhead;
import dev.tidemark.internal.unit.HandlerHistory;
import dev.tidemark.internal.unit.IdentityCheck;
import dev.tidemark.internal.unit.ListenerReports;
import dev.tidemark.internal.unit.SafeInterceptors;
import dev.tidemark.internal.unit.SafeListeners;
import dev.tidemark.internal.unit.SuspectedRecords;
import dev.tidemark.internal.unit.Worker;
import dev.tidemark.internal.unit.WorkerContext;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The components that exist while a consumer runs, and their wiring. */
record ConsumerRuntime(
        HandlerHistory history,
        Assignment assigned,
        PollThreadEvents events,
        PartitionQueues queues,
        ControlThread control,
        PollLoop loop,
        Rebalances rebalances,
        List<WorkerSession> sessions,
        Duration drain) {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerRuntime.class);

    static ConsumerRuntime build(
            EngineOptions<?, ?> options,
            String owner,
            Consumer<byte[], byte[]> consumer,
            Admin admin,
            TidemarkListener listener,
            OwnThreads threads) {
        String groupId = options.groupId();
        StoreSide store = options.store();
        Assignment assigned = new Assignment(owner);
        PollThreadTasks tasks = new PollThreadTasks(consumer::wakeup);
        Seeks seeks = new Seeks(consumer);
        Mirror mirror = new Mirror(consumer, options.kafka().mirror());
        PollThreadEvents events = new PollThreadEvents(
                groupId,
                assigned,
                tasks,
                mirror,
                new ForeignMembers(groupId, options.kafka().reading().untilEnd()));
        PartitionQueues queues = new PartitionQueues(
                options.work().limits(),
                options.work().workers(),
                options.work().bufferBytes(),
                events);
        DrainedPolls drained = new DrainedPolls(options.kafka().settings().maxPollRecords());
        // Empty until the store was validated: how many connections the server has is not known before.
        List<WorkerSession> sessions = new CopyOnWriteArrayList<>();
        ControlThread control = new ControlThread(
                new ControlOptions(
                        store.schema(),
                        groupId,
                        owner,
                        options.work().workers(),
                        store.storeId(),
                        options.kafka().reading(),
                        store.transactionIdleTimeout(),
                        options.work().deadline(),
                        store.networkTimeout(),
                        options.kafka().settings().fetchMaxWait()),
                new ControlConnection(store.dataSource(), store.networkTimeout()),
                new TopicLookup(admin, groupId, options.kafka().settings().isolationLevel()),
                new GroupLookup(admin, groupId),
                events,
                () -> held(queues, assigned),
                () -> idle(queues, assigned, drained),
                assigned::partitions,
                assigned::waiting,
                sessions,
                threads);
        HandlerHistory history = new HandlerHistory();
        events.connect(
                new Transitions(groupId, assigned, seeks, queues, control, mirror, listener, history),
                new WaitTransitions(groupId, assigned));
        PollLoop loop = new PollLoop(
                groupId,
                consumer,
                seeks,
                assigned,
                tasks,
                events,
                queues,
                control,
                mirror,
                threads,
                new RunEnd(groupId, options.kafka().reading().untilEnd(), assigned, events, control),
                new Withdrawal(
                        groupId, consumer, control, !options.kafka().reading().isManual()),
                new AssignmentWait(groupId, options.kafka().settings().sessionTimeout(), Host.nanoTime()),
                drained);
        Rebalances rebalances = new Rebalances(
                groupId,
                assigned,
                seeks,
                queues,
                control,
                mirror,
                listener,
                options.stop().drain());
        return new ConsumerRuntime(
                history,
                assigned,
                events,
                queues,
                control,
                loop,
                rebalances,
                sessions,
                options.stop().drain());
    }

    /** Halted and paused partitions are checked too, so that a move of their offset is noticed. */
    private static Map<TopicPartition, Claim> held(PartitionQueues queues, Assignment assigned) {
        Map<TopicPartition, Claim> held = assigned.standingClaims();
        held.putAll(queues.claims());
        return held;
    }

    private static Map<TopicPartition, Claim> idle(PartitionQueues queues, Assignment assigned, DrainedPolls drained) {
        if (!drained.isRecent(Host.nanoTime())) {
            // What was fetched of them may not be here yet.
            return Map.of();
        }
        Map<TopicPartition, Claim> idle = queues.idle();
        idle.keySet().retainAll(assigned.reading());
        return idle;
    }

    <K, V> List<OwnThread> startWorkers(
            EngineOptions<K, V> options, String owner, SafeListeners listeners, OwnThreads group) {
        String groupId = options.groupId();
        CountedAttempts attempts = new CountedAttempts();
        SafeInterceptors interceptors = new SafeInterceptors(groupId, options.interceptors());
        IdentityCheck identities = options.kafka().strictIdentity() ? control::confirm : IdentityCheck.NONE;
        openSessions(options);
        int assistants = Math.min(sessions.size(), group.processors());
        Iterator<RecordDecoder<K, V>> decoders = RecordDecoder.several(
                        sessions.size() + assistants, options.work().decoders())
                .iterator();
        List<OwnThread> threads = new ArrayList<>();
        for (WorkerSession session : sessions) {
            String name = "tidemark-" + groupId + "-worker-" + (threads.size() + 1);
            Schema schema = options.store().schema();
            UnitTransaction transaction = new UnitTransaction(
                    schema, groupId, owner, session, options.store().transactionIdleTimeout());
            PartitionNotes notes = new PartitionNotes(schema, groupId, session, transaction);
            WorkerContext<K, V> context = new WorkerContext<>(
                    groupId,
                    queues.units(),
                    options.work().limits(),
                    options.work().handler(),
                    options.work().policy(),
                    transaction,
                    notes,
                    new SuspectedRecords(attempts, notes, queues.units(), events),
                    history,
                    identities,
                    events,
                    interceptors,
                    new ListenerReports(groupId, listeners),
                    new HandlerThread(
                            group,
                            name + "-handler",
                            options.work().deadline().plus(HandlerThread.AFTER_CANCEL),
                            work -> LogContext.inGroup(groupId, work)));
            Worker<K, V> worker = new Worker<>(context, decoders.next(), session);
            threads.add(group.create(name, LogContext.inGroup(groupId, worker)));
        }
        for (int i = 1; i <= assistants; i++) {
            DecodeAhead<K, V> assistant = new DecodeAhead<>(groupId, queues.units(), decoders.next(), events);
            threads.add(
                    group.create("tidemark-" + groupId + "-assistant-" + i, LogContext.inGroup(groupId, assistant)));
        }
        // The suppliers of deserializers may have left it interrupted.
        boolean unused = OwnThread.mayContinue();
        threads.forEach(OwnThread::start);
        return threads;
    }

    private void openSessions(EngineOptions<?, ?> options) {
        StoreSide store = options.store();
        String instance = OwnerNames.instanceId();
        List<WorkerSession> made = new ArrayList<>();
        for (int i = 1; i <= options.work().workers(); i++) {
            WorkerSession session = new WorkerSession(
                    store.dataSource(),
                    OwnerNames.applicationName(BlockerWatch.NAME_PREFIX, instance, i, options.groupId()),
                    options.work().deadline(),
                    store.networkTimeout());
            control.observe(session);
            made.add(session);
        }
        sessions.addAll(made);
    }

    /** In this order: no new unit, open units end, partitions are released, the group is left. Each step is bounded. */
    void shutDown(Consumer<byte[], byte[]> consumer, boolean manual, List<OwnThread> workers, Duration patience) {
        queues.stop();
        if (manual) {
            // There is no group that would revoke them.
            rebalances.onPartitionsRevoked(assigned.partitions());
        }
        try {
            // Closing revokes, and the revocation waits for the open units.
            ClientLibrary.close(consumer, drain.plus(patience));
        } catch (RuntimeException e) {
            LOG.debug(
                    "the Kafka consumer did not close cleanly cause={}",
                    e.getClass().getSimpleName());
        }
        // A static member does not leave, and so nothing was revoked from it.
        rebalances.onPartitionsRevoked(assigned.partitions());
        endWorkers(workers, patience);
        // A claim may have been in progress when its partition was revoked: its result arrives only now.
        control.close(events::drain, patience);
    }

    private void endWorkers(List<OwnThread> workers, Duration patience) {
        for (WorkerSession session : sessions) {
            OpenUnit unit = session.openUnit();
            if (unit != null) {
                unit.cancel();
            }
        }
        workers.forEach(OwnThread::end);
        try {
            for (OwnThread worker : workers) {
                Host.join(worker, Math.max(1, patience.toMillis() / workers.size()));
            }
        } catch (InterruptedException e) {
            boolean unused = OwnThread.mayContinue(e);
        }
    }
}
