package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tidemark.FailurePolicy;
import dev.tidemark.MdcInterceptor;
import dev.tidemark.RedriveResult;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener.Outcome;
import dev.tidemark.TidemarkListener.Unit;
import dev.tidemark.UnitInterceptor;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.MDC;

/** Code around transactions and handler calls: what it sees, and that nothing is lost whatever it does. */
@Tag("exhaustive")
class InterceptorIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("interceptor"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    private Running start(Function<TidemarkBuilder<String, String>, TidemarkConsumer> special) {
        return Running.start(database, kafka.consumerConfig(topic, "cooperative"), b -> special.apply(b.topics(topic)));
    }

    private void produce() throws Exception {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
    }

    private void untilAllRead(Running running) {
        running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 1), Flights.truth(flights));
    }

    /** Writes down what it sees. */
    private static final class Notes implements UnitInterceptor {
        private final String name;
        private final List<String> seen;
        private final List<Unit> units = new CopyOnWriteArrayList<>();

        Notes(String name, List<String> seen) {
            this.name = name;
            this.seen = seen;
        }

        @Override
        public void aroundTransaction(Transaction transaction) {
            seen.add(name + " begins");
            Unit ended = transaction.run();
            units.add(ended);
            seen.add(name + " " + ended.outcome());
        }

        @Override
        public void aroundHandler(HandlerCall call) throws Exception {
            seen.add(name + " calls");
            assertThat(call.handle().isInTransaction()).isTrue();
            call.proceed();
            seen.add(name + " called");
        }
    }

    @Provokes(ErrorCode.CONTENTION)
    @Test
    void theyNestAroundTheTransactionAndTheHandler() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        Notes outer = new Notes("outer", seen);
        AtomicBoolean refused = new AtomicBoolean();
        produce();
        try (Running running = start(b -> b.addInterceptor(outer)
                .addInterceptor(new Notes("inner", seen))
                .handleBatch((records, tx) -> {
                    if (!refused.getAndSet(true)) {
                        throw new SQLException("not now", "40001");
                    }
                    FlightEffects.foldBatch(records, tx);
                }))) {
            untilAllRead(running);
        }
        assertThat(seen)
                .startsWith(
                        "outer begins",
                        "inner begins",
                        "outer calls",
                        "inner calls",
                        "inner CONTENTION",
                        "outer CONTENTION",
                        "outer begins",
                        "inner begins",
                        "outer calls",
                        "inner calls",
                        "inner called",
                        "outer called",
                        "inner COMMITTED",
                        "outer COMMITTED");
        assertThat(outer.units.stream()
                        .filter(unit -> unit.outcome() == Outcome.COMMITTED)
                        .mapToInt(Unit::size)
                        .sum())
                .isEqualTo(flights.size());
        assertThat(outer.units).allSatisfy(unit -> assertThat(unit.groupId()).isEqualTo(topic));
    }

    /** What a bad interceptor does around a transaction. */
    private enum Around {
        THROWS_BEFORE,
        THROWS_AFTER,
        LEAVES_IT_OUT,
        RUNS_IT_TWICE,
        THROWS_AN_ERROR,
        LEAVES_AN_INTERRUPT,
        RUNS_IT_ELSEWHERE,
        RUNS_IT_ELSEWHERE_AND_WAITS
    }

    @ParameterizedTest
    @EnumSource(Around.class)
    void whatGoesWrongAroundATransactionChangesNothing(Around how) throws Exception {
        UnitInterceptor bad = new UnitInterceptor() {
            @Override
            public void aroundTransaction(Transaction transaction) {
                if (how == Around.THROWS_BEFORE) {
                    throw new IllegalStateException("before");
                }
                if (how == Around.THROWS_AN_ERROR) {
                    throw new AssertionError("an error");
                }
                if (how == Around.LEAVES_IT_OUT) {
                    return;
                }
                if (how == Around.RUNS_IT_ELSEWHERE || how == Around.RUNS_IT_ELSEWHERE_AND_WAITS) {
                    var elsewhere = CompletableFuture.runAsync(transaction::run);
                    if (how == Around.RUNS_IT_ELSEWHERE_AND_WAITS) {
                        elsewhere.exceptionally(refused -> null).join();
                    }
                    return;
                }
                Unit unused = transaction.run();
                if (how == Around.RUNS_IT_TWICE) {
                    unused = transaction.run();
                }
                if (how == Around.LEAVES_AN_INTERRUPT) {
                    Thread.currentThread().interrupt();
                }
                if (how == Around.THROWS_AFTER) {
                    throw new IllegalStateException("after");
                }
            }
        };
        List<String> seen = new CopyOnWriteArrayList<>();
        Notes inner = new Notes("inner", seen);
        produce();
        try (LogCapture log = LogCapture.of(topic)) {
            try (Running running = start(b -> b.addInterceptor(bad)
                    .addInterceptor(inner)
                    .limits(UnitLimits.defaults().withMaxRecords(10))
                    .handle(FlightEffects::foldOne))) {
                untilAllRead(running);
            }
            long warned = log.news().stream()
                    .filter(line -> line.getFormattedMessage().startsWith("an interceptor failed"))
                    .count();
            assertThat(warned).isEqualTo(how == Around.LEAVES_AN_INTERRUPT ? 0 : 1);
        }
        assertThat(inner.units.stream().mapToInt(Unit::size).sum()).isEqualTo(flights.size());
    }

    /** What a bad interceptor does around the handler of the seventh record. */
    private enum Call {
        LEAVES_IT_OUT,
        THROWS_BEFORE,
        THROWS_AFTER,
        SWALLOWS,
        SWALLOWS_WHAT_AN_INNER_ONE_THROWS,
        PASSES_ON_WHAT_IS_NO_EXCEPTION,
        DOES_NOT_WAIT
    }

    /** As code in other languages has. */
    private static final class NoException extends Throwable {
        private static final long serialVersionUID = 1L;
    }

    /** A handler, and the interceptors around it, that fail for the seventh record while they are to. */
    private static final class Bad implements AutoCloseable {
        private final Call how;
        private final AtomicBoolean active;
        private final CountDownLatch over = new CountDownLatch(1);

        Bad(Call how, boolean active) {
            this.how = how;
            this.active = new AtomicBoolean(active);
        }

        private boolean strikes(long offset) {
            return active.get() && offset == 7;
        }

        UnitInterceptor outer() {
            return new UnitInterceptor() {
                @Override
                public void aroundHandler(HandlerCall call) throws Exception {
                    boolean now = strikes(call.records().get(0).offset());
                    if (now && how == Call.THROWS_BEFORE) {
                        throw new IllegalStateException("before");
                    }
                    if (now && how == Call.LEAVES_IT_OUT) {
                        return;
                    }
                    if (now && how == Call.DOES_NOT_WAIT) {
                        Thread elsewhere = new Thread(
                                () -> {
                                    Throwable unused = catchThrowable(call::proceed);
                                },
                                "elsewhere");
                        elsewhere.start();
                        return;
                    }
                    try {
                        call.proceed();
                    } catch (IllegalArgumentException e) {
                        if (how != Call.SWALLOWS && how != Call.SWALLOWS_WHAT_AN_INNER_ONE_THROWS) {
                            throw e;
                        }
                    }
                    if (now && how == Call.THROWS_AFTER) {
                        throw new IllegalStateException("after");
                    }
                }
            };
        }

        UnitInterceptor inner() {
            return new UnitInterceptor() {
                @Override
                public void aroundHandler(HandlerCall call) throws Exception {
                    call.proceed();
                    if (how == Call.SWALLOWS_WHAT_AN_INNER_ONE_THROWS
                            && strikes(call.records().get(0).offset())) {
                        throw new IllegalArgumentException("a flush failed");
                    }
                }
            };
        }

        void handle(ConsumerRecord<String, String> record, Handle tx) throws Exception {
            if (strikes(record.offset())) {
                switch (how) {
                    case SWALLOWS -> throw new IllegalArgumentException("the seventh");
                    case PASSES_ON_WHAT_IS_NO_EXCEPTION -> InterceptorIT.<RuntimeException>unchecked(new NoException());
                    case DOES_NOT_WAIT -> over.await();
                    default -> {}
                }
            }
            FlightEffects.foldOne(record, tx);
        }

        @Override
        public void close() {
            over.countDown();
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> void unchecked(Throwable any) throws T {
        throw (T) any;
    }

    @ParameterizedTest
    @EnumSource(Call.class)
    void whatGoesWrongAroundTheHandlerFailsTheRecord(Call how) throws Exception {
        produce();
        try (Bad bad = new Bad(how, true);
                Running running = start(b -> b.addInterceptor(bad.outer())
                        .addInterceptor(bad.inner())
                        .handle(bad::handle))) {
            assertThat(running.failure()).hasMessageContaining("TM-502").hasMessageContaining("7");
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(7);
        assertThat(database.number("select count(*) from applied")).isEqualTo(7);
    }

    @ParameterizedTest
    @EnumSource(Call.class)
    void whatGoesWrongAroundTheHandlerKeepsTheDeadLetter(Call how) throws Exception {
        AtomicBoolean repaired = new AtomicBoolean();
        produce();
        try (Bad bad = new Bad(how, false);
                Running running = start(b -> b.addInterceptor(bad.outer())
                        .addInterceptor(bad.inner())
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> {
                            if (record.offset() == 7 && !repaired.get()) {
                                throw new IllegalStateException("the seventh");
                            }
                            bad.handle(record, tx);
                        }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            repaired.set(true);
            bad.active.set(true);
            List<Long> ids = List.of(database.number("select id from tidemark.dead_letter"));
            assertThat(running.consumer().redrive(ids))
                    .extracting(RedriveResult::status)
                    .containsExactly(RedriveResult.Status.FAILED);
            bad.active.set(false);
            assertThat(running.consumer().redrive(ids))
                    .extracting(RedriveResult::status)
                    .containsExactly(RedriveResult.Status.APPLIED);
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(flights.size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theHandlerMayRunElsewhereWhileItIsWaitedFor(boolean batch) throws Exception {
        UnitInterceptor elsewhere = new UnitInterceptor() {
            @Override
            public void aroundHandler(HandlerCall call) throws Exception {
                CompletableFuture<@Nullable Throwable> thrown =
                        CompletableFuture.supplyAsync(() -> catchThrowable(call::proceed));
                if (thrown.get() instanceof Exception failure) {
                    throw failure;
                }
            }
        };
        produce();
        try (Running running = start(b -> batch
                ? b.addInterceptor(elsewhere).handleBatch(FlightEffects::foldBatch)
                : b.addInterceptor(elsewhere).handle(FlightEffects::foldOne))) {
            untilAllRead(running);
        }
    }

    @Test
    void aTranslatedFailureIsStillTheHandlers() throws Exception {
        AtomicBoolean refused = new AtomicBoolean();
        UnitInterceptor translating = new UnitInterceptor() {
            @Override
            public void aroundHandler(HandlerCall call) {
                try {
                    call.proceed();
                } catch (Exception e) {
                    throw new IllegalStateException("translated");
                }
            }
        };
        produce();
        try (Running running = start(b -> b.addInterceptor(translating)
                .onFailure(FailurePolicy.skip())
                .handleBatch((records, tx) -> {
                    if (!refused.getAndSet(true)) {
                        throw new SQLException("not now", "57P03");
                    }
                    FlightEffects.foldBatch(records, tx);
                }))) {
            untilAllRead(running);
        }
        assertThat(database.number("select count(*) from tidemark.audit_log where action = 'skip'"))
                .isZero();
    }

    @Test
    void trialsAndRedrivesPassThrough() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        Notes notes = new Notes("it", seen);
        AtomicBoolean repaired = new AtomicBoolean();
        produce();
        try (Running running = start(b -> b.addInterceptor(notes)
                .onFailure(FailurePolicy.park())
                .handle((record, tx) -> {
                    if (record.offset() == 7 && !repaired.get()) {
                        throw new IllegalArgumentException("the seventh");
                    }
                    FlightEffects.foldOne(record, tx);
                }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            assertThat(notes.units).anyMatch(unit -> unit.outcome() == Outcome.TRIAL);
            repaired.set(true);
            int before = notes.units.size();
            long id = database.number("select min(id) from tidemark.dead_letter where group_id = '" + topic + "'");
            assertThat(running.consumer().redrive(List.of(id)))
                    .extracting(RedriveResult::status)
                    .containsExactly(RedriveResult.Status.APPLIED);
            assertThat(notes.units.subList(before, notes.units.size()))
                    .singleElement()
                    .satisfies(unit -> {
                        assertThat(unit.outcome()).isEqualTo(Outcome.COMMITTED);
                        assertThat(unit.size()).isEqualTo(1);
                    });
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(flights.size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theMdcNamesTheRecord(boolean batch) throws Exception {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        produce();
        try (Running running = start(b -> {
            TidemarkBuilder<String, String> named = b.addInterceptor(new MdcInterceptor());
            return batch
                    ? named.handleBatch((records, tx) -> {
                        seen.add(mdc(records.get(0)));
                        FlightEffects.foldBatch(records, tx);
                    })
                    : named.handle((record, tx) -> {
                        seen.add(mdc(record));
                        FlightEffects.foldOne(record, tx);
                    });
        })) {
            untilAllRead(running);
        }
        assertThat(seen).isNotEmpty().allMatch("as it should be"::equals);
    }

    private static String mdc(ConsumerRecord<?, ?> record) {
        List<String> expected = new ArrayList<>(
                List.of(record.topic(), Integer.toString(record.partition()), Long.toString(record.offset())));
        List<String> actual = new ArrayList<>();
        for (String key : List.of("topic", "partition", "offset")) {
            actual.add(String.valueOf(MDC.get(key)));
        }
        return actual.equals(expected) ? "as it should be" : actual + " instead of " + expected;
    }
}
