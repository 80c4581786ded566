package dev.tidemark.internal.loop;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlOptions;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.ClientLibrary;
import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.Stretch;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.run.ForeignMembers;
import dev.tidemark.internal.run.OwnerNames;
import dev.tidemark.internal.run.Seeks;
import dev.tidemark.internal.run.Subscriptions;
import dev.tidemark.internal.run.UnseenTopics;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.IdentityCheck;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import java.time.Duration;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls for a loop that the caller owns. Claims and checks are made on the control thread, as everywhere; its results are applied
 * here between polls.
 */
public final class ClaimingLoop<K, V> implements ClaimingConsumer<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimingLoop.class);

    /** Loops wait for {@code Long.MAX_VALUE} milliseconds, which do not fit into a long as nanoseconds. */
    private static final Duration FOR_EVER = Duration.ofDays(10_000);

    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(3);

    /** How long the database may be silent before the connection is replaced. */
    private static final Duration NETWORK_TIMEOUT = Duration.ofSeconds(10);

    /** There are no units for the control thread to watch. */
    private static final Duration NONE = Duration.ofDays(1);

    private final String groupId;
    private final Subscription subscription;
    private final Consumer<K, V> consumer;
    private final Admin admin;
    private final CallerAdvance offsets;
    private final LoopEvents events;
    private final ControlThread control;
    private final IdentityCheck identities;
    private final Shares shares;
    private final LoopPoller<K, V> poller;
    private final CompletableFuture<Void> sound;
    private final OwnThreads threads = new OwnThreads();
    private final WakeGate wake = new WakeGate();
    private final AtomicBoolean inUse = new AtomicBoolean();
    private boolean closed;
    private @Nullable Handout handout;
    private long missingDueAt = System.nanoTime();

    private ClaimingLoop(LoopOptions options, Consumer<K, V> consumer, Admin admin) {
        this.groupId = options.kafka().groupId();
        this.subscription = options.reading().subscription();
        this.consumer = consumer;
        this.admin = admin;
        this.offsets = new CallerAdvance(new ClaimStore(options.schema(), groupId), groupId);
        this.events = new LoopEvents(new ForeignMembers(groupId, false), new UnseenTopics(groupId));
        this.control = new ControlThread(
                new ControlOptions(
                        options.schema(),
                        groupId,
                        OwnerNames.ownerName(),
                        0,
                        options.storeId(),
                        options.reading(),
                        NONE,
                        NONE,
                        NETWORK_TIMEOUT,
                        options.kafka().fetchMaxWait()),
                new ControlConnection(options.dataSource(), NETWORK_TIMEOUT),
                new TopicLookup(admin, groupId, options.kafka().isolationLevel()),
                new GroupLookup(admin, groupId),
                events,
                this::held,
                this::idle,
                this::assigned,
                events::waits,
                List.of(),
                threads);
        this.identities = options.strictIdentity() ? control::confirm : IdentityCheck.NONE;
        this.shares = new Shares(groupId, new Seeks(consumer), control, options.mostPolled());
        this.poller = new LoopPoller<>(groupId, consumer, control, shares);
        this.sound = control.start();
    }

    /** Creates its clients; the first poll joins the group. */
    public static <K, V> ClaimingLoop<K, V> open(LoopOptions options, Deserializer<K> keys, Deserializer<V> values) {
        Admin admin = null;
        try {
            admin = Admin.create(options.kafka().admin());
            return new ClaimingLoop<>(options, new KafkaConsumer<>(options.consumerSettings(), keys, values), admin);
        } catch (TidemarkException e) {
            close(admin);
            throw e;
        } catch (RuntimeException | LinkageError e) {
            close(admin);
            throw KafkaErrors.notMade(options.kafka().groupId(), e);
        } catch (Throwable e) {
            close(admin);
            throw e;
        }
    }

    private static void close(@Nullable Admin admin) {
        if (admin != null) {
            admin.close(CLOSE_LIMIT);
        }
    }

    @Override
    public ClaimedRecords<K, V> poll(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("the timeout must not be negative: " + timeout);
        }
        enter();
        try {
            if (closed) {
                throw new IllegalStateException("this consumer has been closed");
            }
            return pollUntil(System.nanoTime() + (timeout.compareTo(FOR_EVER) < 0 ? timeout : FOR_EVER).toNanos());
        } finally {
            inUse.set(false);
        }
    }

    private void enter() {
        if (!inUse.compareAndSet(false, true)) {
            throw new ConcurrentModificationException("one thread at a time may poll or close; wakeup() ends a poll");
        }
    }

    private ClaimedRecords<K, V> pollUntil(long end) {
        Handout before = handout;
        handout = null;
        if (before != null) {
            shares.settle(before);
        }
        boolean mayPoll = isSubscribed(end);
        List<Stretch<K, V>> taken = List.of();
        while (mayPoll && taken.isEmpty()) {
            events.deliver(shares);
            throwDue(System.nanoTime());
            poller.moveTails(System.nanoTime());
            taken = poller.poll(end - System.nanoTime());
            mayPoll = end - System.nanoTime() > 0;
        }
        Handout next = new Handout(taken);
        handout = next;
        return new ClaimedBatch<>(offsets, identities, next, taken);
    }

    /** Whether the group may be joined: not before the store was validated. */
    private boolean isSubscribed(long end) {
        if (wake.isOpen()) {
            return true;
        }
        try {
            Object unused = CompletableFuture.anyOf(sound, wake.called())
                    .get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            wake.throwIfCalled();
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof TidemarkException known
                    ? known
                    : new TidemarkException(
                            ErrorCode.UNEXPECTED, "group " + groupId + ": the store could not be checked", e);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        Subscriptions.begin(consumer, subscription, shares);
        wake.open(consumer::wakeup);
        wake.throwIfCalled();
        return true;
    }

    /** Throws only while no fetched record is waiting to be returned. */
    private void throwDue(long now) {
        TidemarkException failure = events.failure();
        if (failure != null) {
            throw failure;
        }
        Optional<String> died = threads.died();
        if (died.isPresent()) {
            throw new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": thread " + died.get() + " has died, so partitions are no longer claimed",
                    null);
        }
        TidemarkException halted = shares.due(now);
        if (halted != null) {
            throw halted;
        }
        TidemarkException missing = events.missing();
        if (missing != null && missingDueAt - now <= 0) {
            missingDueAt = now + Shares.REMIND.toNanos();
            throw missing;
        }
    }

    private Map<TopicPartition, Claim> held() {
        return shares.held();
    }

    private Map<TopicPartition, Claim> idle() {
        return shares.idle().claims();
    }

    private Set<TopicPartition> assigned() {
        Set<TopicPartition> assigned = new HashSet<>(shares.held().keySet());
        assigned.addAll(shares.waiting().keySet());
        return assigned;
    }

    @Override
    public Map<TopicPartition, String> waiting() {
        Map<TopicPartition, String> waiting = new HashMap<>(shares.waiting());
        events.waits().forEach(w -> waiting.putIfAbsent(w.partition(), w.words()));
        return Map.copyOf(waiting);
    }

    @Override
    public void wakeup() {
        wake.call();
    }

    @Override
    public Map<MetricName, ? extends Metric> metrics() {
        return consumer.metrics();
    }

    @Override
    public void close() {
        enter();
        try {
            if (!closed) {
                closed = true;
                closeAll();
            }
        } finally {
            inUse.set(false);
        }
    }

    private void closeAll() {
        if (handout != null) {
            shares.settle(handout);
        }
        if (subscription instanceof Subscription.Manual) {
            shares.onPartitionsRevoked(shares.partitions());
        }
        try {
            ClientLibrary.close(consumer, CLOSE_LIMIT);
        } catch (RuntimeException e) {
            LOG.debug(
                    "the Kafka consumer did not close cleanly cause={}",
                    e.getClass().getSimpleName());
        }
        // A static member does not leave, and so nothing was revoked from it.
        shares.onPartitionsRevoked(shares.partitions());
        // A claim may have been in progress when its partition was revoked: its result arrives only now.
        control.close(() -> events.deliver(shares), CLOSE_LIMIT);
        admin.close(CLOSE_LIMIT);
    }
}
