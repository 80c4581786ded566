package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.Health;
import dev.tidemark.PartitionStatus;
import dev.tidemark.RedriveResult;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.HealthPlanner;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.store.BlockerWatch;
import dev.tidemark.internal.store.DeadLetterTable;
import dev.tidemark.internal.store.PartitionNotes;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.store.UnitTransaction;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.ListenerReports;
import dev.tidemark.internal.unit.Redrive;
import dev.tidemark.internal.unit.SafeListeners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes a consumer through its life: start, run, stop. */
public final class ConsumerEngine<K, V> implements TidemarkConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerEngine.class);

    /** How often the caller of {@link #run} looks whether the poll thread is still there. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How long giving claims back and leaving the group may take at the end, each. */
    private static final Duration GOODBYE = Duration.ofSeconds(3);

    private final EngineOptions<K, V> options;
    private final String groupId;
    private final String owner;
    private final SafeListeners listeners;
    private final OwnThreads threads = new OwnThreads();
    private final ConsumerReport report;
    private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean stopRequested;
    private volatile @Nullable ConsumerRuntime rooms;
    private volatile @Nullable TidemarkException error;

    public ConsumerEngine(EngineOptions<K, V> options) {
        this.options = options;
        this.groupId = options.groupId();
        this.owner = OwnerNames.ownerName();
        this.listeners = new SafeListeners(groupId, options.listeners());
        this.report = new ConsumerReport(groupId, new HealthFacts(options, threads));
    }

    @Override
    public void run() {
        begin();
        runToItsEnd();
    }

    @Override
    public void start() {
        begin();
        Thread caller = new Thread(LogContext.inGroup(groupId, this::runQuietly), "tidemark-" + groupId);
        caller.setDaemon(false);
        caller.start();
    }

    private void runQuietly() {
        try {
            runToItsEnd();
        } catch (TidemarkException e) {
            LOG.error(
                    "the run has failed group={} code={} error=\"{}\"",
                    groupId,
                    e.code(),
                    LogContext.quotable(e, Assignment.told(e).toString()));
        }
    }

    private void begin() {
        if (!state.compareAndSet(State.NEW, State.RUNNING)) {
            throw new IllegalStateException("a consumer runs once, and not after its close; build another");
        }
    }

    private void runToItsEnd() {
        CompletableFuture<@Nullable TidemarkException> result = new CompletableFuture<>();
        OwnThread poll = threads.create("tidemark-" + groupId + "-poll", LogContext.inGroup(groupId, () -> {
            try {
                result.complete(pollThread());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        }));
        poll.start();
        TidemarkException failed = awaitResult(result, poll);
        error = failed;
        state.set(failed == null ? State.STOPPED : State.FAILED);
        ended.countDown();
        if (failed != null) {
            throw failed;
        }
    }

    private @Nullable TidemarkException awaitResult(
            CompletableFuture<@Nullable TidemarkException> result, OwnThread poll) {
        boolean interrupted = false;
        long asked = 0;
        try {
            while (true) {
                try {
                    return result.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                    asked = System.nanoTime();
                    stop();
                } catch (TimeoutException e) {
                    if (interrupted && System.nanoTime() - asked >= options.stop().close().toNanos()) {
                        poll.end();
                        return null;
                    }
                    if (!poll.isAlive() && !result.isDone()) {
                        return unexpected("the poll thread has ended", new IllegalStateException(poll.getName()));
                    }
                } catch (ExecutionException e) {
                    return unexpected("the poll thread died", e.getCause() == null ? e : e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private @Nullable TidemarkException pollThread() {
        List<OwnThread> workers = new ArrayList<>();
        try (AdminLease lease = new AdminLease(
                made(() -> options.kafka().clients().admin(options.kafka().settings().admin())))) {
            Admin admin = lease.admin();
            Consumer<byte[], byte[]> consumer =
                    made(() -> options.kafka().clients().consumer(options.kafka().settings().consumer()));
            ConsumerRuntime made = null;
            TidemarkException failed = null;
            try {
                made = ConsumerRuntime.build(options, owner, consumer, admin, listeners, threads);
                made.loop().comesBy();
                rooms = made;
                listeners.started(this, consumer::metrics);
                if (sound(made)) {
                    workers.addAll(made.startWorkers(options, owner, listeners, threads));
                    Rebalances rebalances = made.rebalances();
                    subscribe(consumer, rebalances);
                    LOG.info(
                            "running group={} reads=\"{}\" workers={} owner={}",
                            groupId,
                            options.kafka().reading().subscription(),
                            workers.size(),
                            owner);
                    if (!stopRequested) {
                        made.loop().run(() -> subscribe(consumer, rebalances));
                    }
                }
            } catch (TidemarkException e) {
                failed = e;
            } catch (Throwable e) {
                // Checked ones too, which languages without them, and sneaky code, throw from anywhere: all is closed
                // first.
                failed =
                        unexpected("the poll thread failed with " + e.getClass().getSimpleName(), e);
            }
            state.compareAndSet(State.RUNNING, State.STOPPING);
            close(consumer, made, workers);
            return failed;
        } catch (TidemarkException e) {
            return e;
        } catch (RuntimeException e) {
            return KafkaErrors.refusal(groupId, e)
                    .orElseGet(() -> unexpected(
                            "the Kafka client failed with " + e.getClass().getSimpleName(), e));
        }
    }

    private <T> T made(Supplier<T> client) {
        try {
            return client.get();
        } catch (RuntimeException | LinkageError e) {
            throw KafkaErrors.notMade(groupId, e);
        }
    }

    private void subscribe(Consumer<byte[], byte[]> consumer, Rebalances rebalances) {
        Subscription subscription = options.kafka().reading().subscription();
        if (subscription instanceof Subscription.Topics topics) {
            consumer.subscribe(topics.names(), rebalances);
        } else if (subscription instanceof Subscription.Matching matching) {
            consumer.subscribe(matching.pattern(), rebalances);
        } else if (subscription instanceof Subscription.Manual manual) {
            consumer.assign(manual.partitions());
            // There is no group to call back.
            rebalances.onPartitionsAssigned(manual.partitions());
        }
    }

    /** Closing an Admin waits for its open calls, which is for ever while Kafka is away, unless it is told otherwise. */
    private record AdminLease(Admin admin) implements AutoCloseable {
        @Override
        public void close() {
            admin.close(GOODBYE);
        }
    }

    /** Waits until the store was found sound; answers false if a stop came first. */
    private boolean sound(ConsumerRuntime made) {
        CompletableFuture<Void> check = made.control().start();
        while (!stopRequested) {
            made.loop().comesBy();
            try {
                check.get(100, TimeUnit.MILLISECONDS);
                return true;
            } catch (TimeoutException e) {
                LOG.trace("the database is still away");
            } catch (ExecutionException e) {
                if (e.getCause() instanceof TidemarkException known) {
                    throw known;
                }
                throw unexpected("the store could not be checked", e);
            } catch (InterruptedException e) {
                if (!OwnThread.goesOn(e)) {
                    return false;
                }
            }
        }
        return false;
    }

    private void close(Consumer<byte[], byte[]> consumer, @Nullable ConsumerRuntime made, List<OwnThread> workers) {
        if (made == null) {
            consumer.close(CloseOptions.timeout(GOODBYE));
        } else {
            made.shutDown(consumer, options.kafka().reading().isManual(), workers, GOODBYE);
            listeners.stopped(this);
        }
        LOG.info("stopped group={}", groupId);
    }

    @Override
    public void stop() {
        stopRequested = true;
        ConsumerRuntime made = rooms;
        if (made != null) {
            made.loop().stop();
        }
    }

    @Override
    public boolean awaitTermination(Duration timeout) throws InterruptedException {
        if (!ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
            return false;
        }
        TidemarkException failed = error;
        if (failed != null) {
            throw failed;
        }
        return true;
    }

    @Override
    public void close() {
        stop();
        if (state.compareAndSet(State.NEW, State.STOPPED)) {
            ended.countDown();
            return;
        }
        if (threads.areCurrent()) {
            // The run waits for this thread, which must not wait for the run.
            return;
        }
        boolean interrupted = false;
        try {
            if (!ended.await(options.stop().close().toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("units outlast the close, the next owner will fence them group={}", groupId);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public List<RedriveResult> redrive(Collection<Long> ids) {
        return new DeadLetterRedrive<>(options, owner, listeners).redrive(ids);
    }

    @Override
    public String groupId() {
        return groupId;
    }

    @Override
    public ConsumerStatus status() {
        return report.status(Objects.requireNonNull(state.get()), rooms, error);
    }

    @Override
    public Health health() {
        return report.health(Objects.requireNonNull(state.get()), rooms, error);
    }

    private TidemarkException unexpected(String what, Throwable cause) {
        return new TidemarkException(ErrorCode.UNEXPECTED, "group " + groupId + ": " + what, cause);
    }
}
