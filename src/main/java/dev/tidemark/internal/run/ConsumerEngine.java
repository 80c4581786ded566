package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.ErrorCode;
import dev.tidemark.Health;
import dev.tidemark.PartitionStatus;
import dev.tidemark.Redriven;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkException;
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

/** Puts the rooms together, and takes a consumer through its life: start, run, stop. */
public final class ConsumerEngine<K, V> implements TidemarkConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerEngine.class);

    /** All of closing, below the 30 s that Kubernetes grants a pod. */
    private static final Duration CLOSE = Duration.ofSeconds(20);

    /** How often the caller of {@link #run} looks whether the poll thread is still there. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How long giving claims back and leaving the group may take at the end, each. */
    private static final Duration GOODBYE = Duration.ofSeconds(3);

    private final EngineOptions<K, V> options;
    private final String groupId;
    private final String owner;
    private final SafeListeners listeners;
    private final OwnThreads threads = new OwnThreads();
    private final HealthFacts vitals;
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
        this.vitals = new HealthFacts(options, threads);
    }

    @Override
    public void run() {
        if (!state.compareAndSet(State.NEW, State.RUNNING)) {
            throw new IllegalStateException("a consumer runs once, and not after its close; build another");
        }
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
                    if (interrupted && System.nanoTime() - asked >= CLOSE.toNanos()) {
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
                made(() -> Admin.create(options.kafka().settings().admin())))) {
            Admin admin = lease.admin();
            Consumer<byte[], byte[]> consumer =
                    made(() -> new KafkaConsumer<>(options.kafka().settings().consumer()));
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
            if (!ended.await(CLOSE.toMillis(), TimeUnit.MILLISECONDS)) {
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
    public List<Redriven> redrive(Collection<Long> ids) {
        String name = OwnerNames.applicationName(BlockerWatch.NAME_PREFIX, OwnerNames.instanceId(), 0, groupId);
        try (WorkerSession session = new WorkerSession(
                        options.store().dataSource(),
                        name,
                        options.work().deadline(),
                        options.store().networkTimeout());
                RecordDecoder<K, V> decoder = options.work().decoders().get()) {
            Schema schema = options.store().schema();
            UnitTransaction transaction = new UnitTransaction(
                    schema, groupId, owner, session, options.store().ownerTimeout());
            Redrive<K, V> redrive = new Redrive<>(
                    groupId,
                    options.work().limits(),
                    options.work().handler(),
                    decoder,
                    transaction,
                    new PartitionNotes(schema, groupId, session, transaction),
                    new DeadLetterTable(schema, groupId),
                    new ListenerReports(groupId, listeners));
            return redrive.redriveAll(ids);
        }
    }

    @Override
    public ConsumerStatus status() {
        ConsumerRuntime made = rooms;
        List<PartitionStatus> partitions =
                made == null ? List.of() : made.board().status(made.intake().claims());
        return new ConsumerStatus(
                groupId,
                Objects.requireNonNull(state.get()),
                isHealthy(),
                partitions,
                made == null ? new ConsumerStatus.Queue(0, 0) : made.intake().waiting(),
                lastError().or(this::strangers).or(() -> troubles().stream().findFirst()));
    }

    private Optional<String> lastError() {
        return Optional.ofNullable(error).or(this::missing).map(Assignment::words);
    }

    @Override
    public boolean isHealthy() {
        return HealthPlanner.isHealthy(facts());
    }

    @Override
    public Health health() {
        Health health = HealthPlanner.plan(facts());
        // Neither a restart nor another pod would change any of it, and a rolling move must be able to go on.
        List<String> problems = new ArrayList<>(health.problems());
        strangers().ifPresent(problems::add);
        // Partitions that wait for it tell it too.
        troubles().stream()
                .filter(trouble -> problems.stream().noneMatch(problem -> problem.contains(trouble)))
                .toList()
                .forEach(problems::add);
        return new Health(health.live(), health.ready(), problems);
    }

    private List<String> troubles() {
        ConsumerRuntime made = rooms;
        return made == null || state.get() != State.RUNNING
                ? List.of()
                : made.control().troubles();
    }

    private Optional<String> strangers() {
        ConsumerRuntime made = rooms;
        return made == null || state.get() != State.RUNNING
                ? Optional.empty()
                : made.inbox().strangers().problem();
    }

    private HealthPlanner.Facts facts() {
        return vitals.facts(Objects.requireNonNull(state.get()), rooms, lastError());
    }

    private Optional<TidemarkException> missing() {
        ConsumerRuntime made = rooms;
        return made == null || state.get() != State.RUNNING
                ? Optional.empty()
                : Optional.ofNullable(made.inbox().missing());
    }

    private TidemarkException unexpected(String what, Throwable cause) {
        return new TidemarkException(ErrorCode.UNEXPECTED, "group " + groupId + ": " + what, cause);
    }
}
