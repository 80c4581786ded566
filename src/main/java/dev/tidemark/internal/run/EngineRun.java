package dev.tidemark.internal.run;

import dev.tidemark.ConsumerView;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.ClientLibrary;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.SafeListeners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run on the poll thread: creates the clients and the runtime, loops, and closes everything again. */
final class EngineRun<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(EngineRun.class);

    /** How long a client may take to close that has nothing left to say. */
    private static final Duration CLIENT_LIMIT = Duration.ofSeconds(3);

    /** Clients and threads are made anew each time. */
    private static final Backoff AGAIN = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(5));

    /** How long the poll thread waits for the check of the store before it shows again that it is alive. */
    private static final Duration STORE_CHECK = Duration.ofMillis(100);

    private final EngineOptions<K, V> options;
    private final String groupId;
    private final String owner;
    private final ConsumerView view;
    private final SafeListeners listeners;
    private final OwnThreads threads;
    private final Runnable stopping;
    private final CountDownLatch stop = new CountDownLatch(1);
    private volatile @Nullable ConsumerRuntime runtime;
    private volatile @Nullable TidemarkException hindrance;

    /**
     * @param view what listeners get
     * @param stopping called when the loop has ended, before anything is closed
     */
    EngineRun(
            EngineOptions<K, V> options,
            String owner,
            ConsumerView view,
            SafeListeners listeners,
            OwnThreads threads,
            Runnable stopping) {
        this.options = options;
        this.groupId = options.groupId();
        this.owner = owner;
        this.view = view;
        this.listeners = listeners;
        this.threads = threads;
        this.stopping = stopping;
    }

    /** What exists while it runs; null before. Any thread may read it. */
    @Nullable
    ConsumerRuntime runtime() {
        return runtime;
    }

    /** Why it could not begin yet; null if nothing keeps it from that. Any thread may read it. */
    @Nullable
    TidemarkException hindrance() {
        return hasBegun() ? null : hindrance;
    }

    private boolean hasBegun() {
        ConsumerRuntime made = runtime;
        return made != null && made.loop().hasJoined();
    }

    /** Requests its end. Any thread may call, even before it begins. */
    void stop() {
        stop.countDown();
        ConsumerRuntime made = runtime;
        if (made != null) {
            made.loop().stop();
        }
    }

    /**
     * Runs from beginning to end, on the poll thread; returns the error it failed with, or null. Kafka's client gives up for good what
     * passes: it has to be made anew.
     */
    @Nullable
    TidemarkException run() {
        TidemarkException failed = runOnce();
        for (int tries = 1; failed != null && mayPass(failed); tries++) {
            runtime = null;
            if (hindrance == null) {
                LOG.warn(
                        "cannot begin yet, trying again group={} code={} error=\"{}\"",
                        groupId,
                        failed.code(),
                        LogContext.quotable(failed, Problems.of(failed).toString()));
            }
            hindrance = failed;
            if (isStoppedWithin(AGAIN.after(tries, Host.random()))) {
                failed = null;
            } else {
                failed = runOnce();
            }
        }
        return failed;
    }

    private boolean isStoppedWithin(Duration time) {
        try {
            return Host.await(stop, time.toNanos());
        } catch (InterruptedException e) {
            return !OwnThread.mayContinue(e);
        }
    }

    /** Whether it could not begin for a reason that may pass. */
    private boolean mayPass(TidemarkException failed) {
        return !hasBegun()
                && stop.getCount() > 0
                && (failed.code() == ErrorCode.KAFKA_UNAVAILABLE || KafkaErrors.isInstanceHeld(failed));
    }

    private @Nullable TidemarkException runOnce() {
        List<OwnThread> workers = new ArrayList<>();
        try (AdminLease lease = new AdminLease(made(
                () -> options.kafka().clients().admin(options.kafka().settings().admin())))) {
            Admin admin = lease.admin();
            Consumer<byte[], byte[]> consumer = made(() -> options.kafka()
                    .clients()
                    .consumer(options.kafka().settings().consumer()));
            ConsumerRuntime made = null;
            TidemarkException failed = null;
            try {
                made = ConsumerRuntime.build(options, owner, consumer, admin, listeners, threads);
                made.loop().markAlive();
                runtime = made;
                listeners.started(view, consumer::metrics);
                if (sound(made)) {
                    workers.addAll(made.startWorkers(options, owner, listeners, threads));
                    Rebalances rebalances = made.rebalances();
                    subscribe(consumer, rebalances);
                    LOG.info(
                            "running group={} reads=\"{}\" workers={} owner={}",
                            groupId,
                            options.kafka().reading().subscription(),
                            options.work().workers(),
                            owner);
                    if (stop.getCount() > 0) {
                        made.loop().run(() -> subscribe(consumer, rebalances));
                    }
                }
            } catch (TidemarkException e) {
                failed = e;
            } catch (Throwable e) {
                // Checked ones too, which other languages and sneaky throws may throw from anywhere: everything is
                // closed first.
                failed =
                        unexpected("the poll thread failed with " + e.getClass().getSimpleName(), e);
            }
            boolean ends = failed == null || !mayPass(failed);
            if (ends) {
                stopping.run();
            }
            close(consumer, made, workers, ends);
            return failed;
        } catch (TidemarkException e) {
            return e;
        } catch (RuntimeException e) {
            return KafkaErrors.refusal(groupId, e)
                    .orElseGet(() -> unexpected(
                            "the Kafka client failed with " + e.getClass().getSimpleName(), e));
        }
    }

    private void subscribe(Consumer<byte[], byte[]> consumer, Rebalances rebalances) {
        Subscriptions.begin(consumer, options.kafka().reading().subscription(), rebalances);
    }

    private <T> T made(Supplier<T> client) {
        try {
            return client.get();
        } catch (RuntimeException | LinkageError e) {
            throw KafkaErrors.notMade(groupId, e);
        }
    }

    /** Closing an Admin waits for its open calls, which is for ever while Kafka is unavailable, unless a limit is given. */
    private record AdminLease(Admin admin) implements AutoCloseable {
        @Override
        public void close() {
            admin.close(CLIENT_LIMIT);
        }
    }

    /** Waits until the store was validated; returns false if a stop came first. */
    private boolean sound(ConsumerRuntime made) {
        CompletableFuture<Void> check = made.control().start();
        while (stop.getCount() > 0) {
            made.loop().markAlive();
            try {
                var unused = Host.get(check, STORE_CHECK);
                return true;
            } catch (TimeoutException e) {
                LOG.trace("the database is still unavailable");
            } catch (ExecutionException e) {
                if (e.getCause() instanceof TidemarkException known) {
                    throw known;
                }
                throw unexpected("the store could not be checked", e);
            } catch (InterruptedException e) {
                if (!OwnThread.mayContinue(e)) {
                    return false;
                }
            }
        }
        return false;
    }

    private void close(
            Consumer<byte[], byte[]> consumer, @Nullable ConsumerRuntime made, List<OwnThread> workers, boolean ends) {
        if (made == null) {
            ClientLibrary.close(consumer, CLIENT_LIMIT);
        } else {
            made.shutDown(
                    consumer,
                    options.kafka().reading().isManual(),
                    workers,
                    options.stop().step());
            listeners.stopped(view);
        }
        if (ends) {
            LOG.info("stopped group={}", groupId);
        }
    }

    private TidemarkException unexpected(String what, Throwable cause) {
        return new TidemarkException(ErrorCode.UNEXPECTED, "group " + groupId + ": " + what, cause);
    }
}
