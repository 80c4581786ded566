package dev.tidemark.internal.run;

import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.Stretch;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.store.ControlConnection;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.IdentityCheck;
import java.time.Duration;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls for a loop that is the caller's own. Claims and looks are the control thread's, as everywhere; what it found out is done
 * here between polls.
 */
public final class ClaimingLoop<K, V> implements ClaimingConsumer<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimingLoop.class);

    /** Loops wait for {@code Long.MAX_VALUE} milliseconds, which are more nanoseconds than there are. */
    private static final Duration FOR_EVER = Duration.ofDays(10_000);

    private static final Duration GOODBYE = Duration.ofSeconds(3);

    /** How long the database may be silent before the connection is replaced. */
    private static final Duration NETWORK_TIMEOUT = Duration.ofSeconds(10);

    /** No unit is the control thread's to watch. */
    private static final Duration NONE = Duration.ofDays(1);

    /**
     * What it is made of, checked already.
     *
     * @param ownPollRecords whether the user has set {@code max.poll.records}; Kafka's default holds otherwise
     * @param storeId the store to find; empty for whichever is met first
     * @param strictIdentity whether Kafka is asked in each advance whether the topics are still the same
     */
    public record Options(
            KafkaSettings kafka,
            boolean ownPollRecords,
            ReadPlan reading,
            DataSource dataSource,
            Schema schema,
            Optional<UUID> storeId,
            boolean strictIdentity) {}

    private final String groupId;
    private final Subscription subscription;
    private final Consumer<K, V> consumer;
    private final Admin admin;
    private final OffsetStore store;
    private final LoopEvents events;
    private final ControlThread control;
    private final IdentityCheck identities;
    private final Shares shares;
    private final LoopPoller<K, V> poller;
    private final CompletableFuture<Void> sound;
    private final OwnThreads threads = new OwnThreads();
    private final AtomicBoolean inUse = new AtomicBoolean();
    private boolean closed;
    private @Nullable Handout handout;

    // Kafka's client can be woken only once it is subscribed.
    private final Object waking = new Object();
    private boolean subscribed;
    private boolean woken;
    private CompletableFuture<Void> wake = new CompletableFuture<>();
    private long missingDueAt = System.nanoTime();

    private ClaimingLoop(Options options, Consumer<K, V> consumer, Admin admin) {
        this.groupId = options.kafka().groupId();
        this.subscription = options.reading().subscription();
        this.consumer = consumer;
        this.admin = admin;
        this.store = OffsetStore.of(groupId, options.schema().name());
        this.events = new LoopEvents(new Strangers(groupId, false));
        this.control = new ControlThread(
                new ControlThread.Options(
                        options.schema(),
                        groupId,
                        OwnerNames.ownerName(),
                        options.storeId(),
                        options.reading(),
                        NONE,
                        NONE,
                        NETWORK_TIMEOUT),
                new ControlConnection(options.dataSource(), NETWORK_TIMEOUT),
                new TopicLookup(admin, groupId, options.kafka().isolationLevel()),
                new GroupLookup(admin, groupId),
                events,
                this::held,
                this::assigned,
                events::waits,
                List.of(),
                threads);
        this.identities = options.strictIdentity() ? control::confirm : IdentityCheck.NONE;
        this.shares = new Shares(groupId, new ShareChanges(groupId, new Seeks(consumer), control), control);
        this.poller = new LoopPoller<>(groupId, consumer, control, shares);
        this.sound = control.start();
    }

    /** Makes its clients; the first poll joins the group. */
    public static <K, V> ClaimingLoop<K, V> open(Options options, Deserializer<K> keys, Deserializer<V> values) {
        Map<String, Object> config = new HashMap<>(options.kafka().consumer());
        config.remove(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG);
        config.remove(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG);
        if (!options.ownPollRecords()) {
            config.remove(ConsumerConfig.MAX_POLL_RECORDS_CONFIG);
        }
        Admin admin = null;
        try {
            admin = Admin.create(options.kafka().admin());
            return new ClaimingLoop<>(options, new KafkaConsumer<>(config, keys, values), admin);
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
            admin.close(GOODBYE);
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
            events.tell(shares);
            throwDue(System.nanoTime());
            poller.moveTails(System.nanoTime());
            taken = poller.poll(end - System.nanoTime());
            mayPoll = end - System.nanoTime() > 0;
        }
        Handout next = new Handout(taken);
        handout = next;
        return new ClaimedBatch<>(store, identities, next, taken);
    }

    /** Whether the group may be joined: not before the store was found sound. */
    private boolean isSubscribed(long end) {
        CompletableFuture<Void> woke;
        synchronized (waking) {
            if (subscribed) {
                return true;
            }
            woke = wake;
        }
        try {
            Object unused = CompletableFuture.anyOf(sound, woke)
                    .get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            throwIfWoken();
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
        if (subscription instanceof Subscription.Topics topics) {
            consumer.subscribe(topics.names(), shares);
        } else if (subscription instanceof Subscription.Matching matching) {
            consumer.subscribe(matching.pattern(), shares);
        } else if (subscription instanceof Subscription.Manual manual) {
            consumer.assign(manual.partitions());
            // There is no group to call back.
            shares.onPartitionsAssigned(manual.partitions());
        }
        synchronized (waking) {
            subscribed = true;
        }
        throwIfWoken();
        return true;
    }

    private void throwIfWoken() {
        synchronized (waking) {
            if (woken) {
                woken = false;
                wake = new CompletableFuture<>();
                throw new WakeupException();
            }
        }
    }

    /** Nothing was fetched and not handed out when this throws. */
    private void throwDue(long now) {
        TidemarkException failure = events.failure();
        if (failure != null) {
            throw failure;
        }
        Optional<String> died = threads.died();
        if (died.isPresent()) {
            throw new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": thread " + died.get() + " has died, and claims nothing any more",
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
        synchronized (waking) {
            if (subscribed) {
                consumer.wakeup();
            } else {
                woken = true;
                boolean unused = wake.complete(null);
            }
        }
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
            consumer.close(CloseOptions.timeout(GOODBYE));
        } catch (RuntimeException e) {
            LOG.debug(
                    "the Kafka consumer did not close cleanly cause={}",
                    e.getClass().getSimpleName());
        }
        // A static member does not leave, and so was not asked to give anything back.
        shares.onPartitionsRevoked(shares.partitions());
        // A claim may have been under way when its partition went: its news comes only now.
        control.close(() -> events.tell(shares), GOODBYE);
        admin.close(GOODBYE);
    }
}
