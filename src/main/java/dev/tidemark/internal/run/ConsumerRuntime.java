package dev.tidemark.internal.run;

import dev.tidemark.offsets.Claim;
import dev.tidemark.TidemarkListener;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.run.EngineOptions.StoreSide;
import dev.tidemark.internal.store.BlockerWatch;
import dev.tidemark.internal.store.ControlConnection;
import dev.tidemark.internal.store.OpenUnit;
import dev.tidemark.internal.store.PartitionNotes;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.store.UnitTransaction;
import dev.tidemark.internal.store.WorkerSession;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What exists while a consumer runs, and how it is put together. */
record ConsumerRuntime(
        Assignment board,
        PollThreadEvents inbox,
        PartitionQueues intake,
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
        Assignment board = new Assignment(owner);
        PollThreadTasks mailbox = new PollThreadTasks(consumer::wakeup);
        Seeks seeks = new Seeks(consumer);
        Mirror mirror = new Mirror(consumer, options.kafka().mirror());
        PollThreadEvents inbox = new PollThreadEvents(
                groupId,
                board,
                mailbox,
                mirror,
                new Strangers(groupId, options.kafka().reading().untilEnd()));
        PartitionQueues intake = new PartitionQueues(
                options.work().limits(),
                options.work().workers(),
                options.work().bufferBytes(),
                inbox);
        List<WorkerSession> sessions = new ArrayList<>();
        String instance = OwnerNames.instanceId();
        for (int i = 1; i <= options.work().workers(); i++) {
            sessions.add(new WorkerSession(
                    store.dataSource(),
                    OwnerNames.applicationName(BlockerWatch.NAME_PREFIX, instance, i, groupId),
                    options.work().deadline(),
                    store.networkTimeout()));
        }
        ControlThread control = new ControlThread(
                new ControlThread.Options(
                        store.schema(),
                        groupId,
                        owner,
                        store.storeId(),
                        options.kafka().reading(),
                        store.transactionIdleTimeout(),
                        options.work().deadline(),
                        store.networkTimeout()),
                new ControlConnection(store.dataSource(), store.networkTimeout()),
                new TopicLookup(admin, groupId, options.kafka().settings().isolationLevel()),
                new GroupLookup(admin, groupId),
                inbox,
                () -> held(intake, board),
                board::partitions,
                board::waiting,
                sessions,
                threads);
        inbox.connect(new Transitions(groupId, board, seeks, intake, control, mirror, listener));
        PollLoop loop = new PollLoop(
                groupId,
                consumer,
                seeks,
                board,
                mailbox,
                inbox,
                intake,
                control,
                mirror,
                threads,
                options.kafka().reading().untilEnd(),
                new Withdrawal(
                        groupId, consumer, control, !options.kafka().reading().isManual()));
        Rebalances rebalances = new Rebalances(groupId, board, seeks, intake, control, mirror, listener, options.stop().drain());
        return new ConsumerRuntime(board, inbox, intake, control, loop, rebalances, List.copyOf(sessions), options.stop().drain());
    }

    /** Partitions that stand still are looked at too, so that moving their offset is noticed. */
    private static Map<TopicPartition, Claim> held(PartitionQueues intake, Assignment board) {
        Map<TopicPartition, Claim> held = board.standingClaims();
        held.putAll(intake.claims());
        return held;
    }

    <K, V> List<OwnThread> startWorkers(
            EngineOptions<K, V> options, String owner, SafeListeners listeners, OwnThreads group) {
        String groupId = options.groupId();
        CountedAttempts attempts = new CountedAttempts();
        HandlerHistory history = new HandlerHistory();
        SafeInterceptors interceptors = new SafeInterceptors(groupId, options.interceptors());
        IdentityCheck identities = options.kafka().strictIdentity() ? control::confirm : IdentityCheck.NONE;
        List<OwnThread> threads = new ArrayList<>();
        for (WorkerSession session : sessions) {
            Schema schema = options.store().schema();
            UnitTransaction transaction = new UnitTransaction(
                    schema, groupId, owner, session, options.store().transactionIdleTimeout());
            PartitionNotes notes = new PartitionNotes(schema, groupId, session, transaction);
            WorkerContext<K, V> context = new WorkerContext<>(
                    groupId,
                    intake,
                    options.work().limits(),
                    options.work().handler(),
                    options.work().policy(),
                    transaction,
                    notes,
                    new SuspectedRecords(attempts, notes, intake, inbox),
                    history,
                    identities,
                    inbox,
                    interceptors,
                    new ListenerReports(groupId, listeners));
            Worker<K, V> worker =
                    new Worker<>(context, options.work().decoders().get(), session);
            threads.add(group.create(
                    "tidemark-" + groupId + "-worker-" + (threads.size() + 1), LogContext.inGroup(groupId, worker)));
        }
        int assistants = Math.min(sessions.size(), Runtime.getRuntime().availableProcessors());
        for (int i = 1; i <= assistants; i++) {
            DecodeAhead<K, V> assistant =
                    new DecodeAhead<>(groupId, intake, options.work().decoders().get(), inbox);
            threads.add(
                    group.create("tidemark-" + groupId + "-assistant-" + i, LogContext.inGroup(groupId, assistant)));
        }
        // The suppliers of deserializers may have left it interrupted.
        boolean unused = OwnThread.goesOn();
        threads.forEach(OwnThread::start);
        return threads;
    }

    /** In this order: no new unit, open units end, partitions are given back, the group is left. Each step is bounded. */
    void shutDown(Consumer<byte[], byte[]> consumer, boolean manual, List<OwnThread> workers, Duration patience) {
        intake.stop();
        if (manual) {
            // There is no group that would ask for them back.
            rebalances.onPartitionsRevoked(board.partitions());
        }
        try {
            // Closing revokes, and the revocation waits for the open units.
            consumer.close(CloseOptions.timeout(drain.plus(patience)));
        } catch (RuntimeException e) {
            LOG.debug(
                    "the Kafka consumer did not close cleanly cause={}",
                    e.getClass().getSimpleName());
        }
        // A static member does not leave, and so was not asked to give anything back.
        rebalances.onPartitionsRevoked(board.partitions());
        endWorkers(workers, patience);
        // A claim may have been under way when its partition went: its news comes only now.
        control.close(inbox::drain, patience);
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
                worker.join(Math.max(1, patience.toMillis() / workers.size()));
            }
        } catch (InterruptedException e) {
            boolean unused = OwnThread.goesOn(e);
        }
    }
}
