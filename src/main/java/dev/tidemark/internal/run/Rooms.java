package dev.tidemark.internal.run;

import dev.tidemark.Claim;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.store.BlockerWatch;
import dev.tidemark.internal.store.ControlConnection;
import dev.tidemark.internal.store.UnitTransaction;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.internal.work.Intake;
import dev.tidemark.internal.work.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.TopicPartition;

/** What exists while a consumer runs, and how it is put together. */
record Rooms(
        Board board, Inbox inbox, Intake intake, ControlThread control, PollLoop loop, List<WorkerSession> sessions) {
    static Rooms build(EngineOptions<?, ?> options, String owner, Consumer<byte[], byte[]> consumer, Admin admin) {
        String groupId = options.kafka().groupId();
        Board board = new Board(owner);
        Mailbox mailbox = new Mailbox(consumer::wakeup);
        Seeks seeks = new Seeks(consumer);
        Inbox inbox = new Inbox(groupId, board, mailbox, seeks);
        Intake intake = new Intake(options.limits(), options.bufferBytes(), inbox);
        List<WorkerSession> sessions = new ArrayList<>();
        String instance = Names.instanceId();
        for (int i = 1; i <= options.workers(); i++) {
            sessions.add(new WorkerSession(
                    options.dataSource(), Names.applicationName(BlockerWatch.NAME_PREFIX, instance, i, groupId)));
        }
        ControlThread control = new ControlThread(
                new ControlThread.Options(
                        options.schema(), groupId, owner, options.start(), options.ownerTimeout(), options.deadline()),
                new ControlConnection(options.dataSource()),
                new TopicLookup(admin, groupId, options.kafka().isolationLevel()),
                inbox,
                () -> held(intake, board),
                sessions);
        inbox.connect(intake, control);
        PollLoop loop = new PollLoop(groupId, consumer, seeks, board, mailbox, inbox, intake, control);
        return new Rooms(board, inbox, intake, control, loop, List.copyOf(sessions));
    }

    /** Halted partitions are looked at too, so that moving their offset sets them going again. */
    private static Map<TopicPartition, Claim> held(Intake intake, Board board) {
        Map<TopicPartition, Claim> held = board.haltedClaims();
        held.putAll(intake.claims());
        return held;
    }

    ConsumerRebalanceListener rebalances(Consumer<byte[], byte[]> consumer, String groupId, Duration drain) {
        return new Rebalances(groupId, board, new Seeks(consumer), intake, control, drain);
    }

    <K, V> List<Thread> startWorkers(EngineOptions<K, V> options) {
        String groupId = options.kafka().groupId();
        List<Thread> threads = new ArrayList<>();
        for (WorkerSession session : sessions) {
            Worker<K, V> worker = new Worker<>(
                    groupId,
                    intake,
                    options.limits(),
                    options.handler(),
                    options.decoders().get(),
                    session,
                    new UnitTransaction(options.schema(), groupId, session, options.ownerTimeout()),
                    inbox);
            Thread thread = new Thread(worker, "tidemark-" + groupId + "-worker-" + (threads.size() + 1));
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        return threads;
    }
}
