package dev.tidemark.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.internal.plan.ThreadFacts;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.thread.HandlerThread.End;
import dev.tidemark.internal.thread.HandlerThread.Way;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class HandlerThreadTest {
    private final OwnThreads threads = new OwnThreads();
    private final ThreadLocal<String> inherited = new InheritableThreadLocal<>();

    private HandlerThread made() {
        return new HandlerThread(threads, "handler", Duration.ofSeconds(1), work -> work);
    }

    private static final End SUCCEEDED = new End(Way.SUCCEEDED, "");
    private static final End FAILED = new End(Way.FAILED, "failed");
    private static final End OTHER = new End(Way.OTHER, "");

    private static <T> T onNewThread(HandlerThread thread, Supplier<T> work) {
        return thread.call(work, ignored -> OTHER, () -> {});
    }

    private static Thread ended(HandlerThread thread, End end) {
        return thread.call(Thread::currentThread, ignored -> end, () -> {});
    }

    /** Calls where the usual thread fails as it did before, and each other one in the way given; returns where the call ran last. */
    private static Thread failed(HandlerThread thread, Thread usual, String elsewhere) {
        return thread.call(
                Thread::currentThread, on -> on == usual ? FAILED : new End(Way.FAILED, elsewhere), () -> {});
    }

    @Test
    void isItsOwnerAtFirst() {
        try (HandlerThread thread = made()) {
            assertThat(thread.call(Thread::currentThread)).isSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).isTrue();
        }
        assertThat(threads.facts()).isEmpty();
    }

    @Test
    void isAnotherOneAfterACallThatSucceededThere() throws InterruptedException {
        Thread second;
        Thread third;
        try (HandlerThread thread = made()) {
            thread.renew("failed");
            second = ended(thread, SUCCEEDED);
            assertThat(thread.wasUsed()).isFalse();
            assertThat(thread.call(Thread::currentThread)).isSameAs(second).isNotSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).isTrue();
            thread.renew("failed");
            third = ended(thread, SUCCEEDED);
            assertThat(third).isNotSameAs(second);
            assertThat(threads.facts()).extracting(ThreadFacts::name).containsExactly(third.getName());
            second.join();
        }
        third.join();
        assertThat(threads.died()).isEmpty();
    }

    /** What belongs to a thread, such as its connection, is there for the next ones. */
    @Test
    void isTheSameOneAfterACallThatDidNotSucceedOnAnother() throws InterruptedException {
        try (HandlerThread thread = made()) {
            for (End end : List.of(FAILED, OTHER)) {
                thread.renew("failed");
                Thread other = ended(thread, end);
                assertThat(other).isNotSameAs(Thread.currentThread());
                assertThat(thread.wasUsed()).isFalse();
                assertThat(thread.call(Thread::currentThread)).isSameAs(Thread.currentThread());
                other.join();
            }
        }
    }

    /** What only fails on the new thread, such as for want of what the old one has, says nothing about a record. */
    @Test
    void repeatsWhatFailsDifferentlyOnANewThread() {
        Thread here = Thread.currentThread();
        AtomicInteger cleaned = new AtomicInteger();
        try (HandlerThread thread = made()) {
            thread.renew("failed");
            Thread last = thread.call(
                    Thread::currentThread,
                    on -> on == here ? SUCCEEDED : new End(Way.FAILED, "lacks something"),
                    cleaned::incrementAndGet);
            assertThat(last).isSameAs(here);
            assertThat(cleaned).hasValue(1);
            assertThat(thread.wasUsed()).isTrue();
        }
    }

    @Test
    void judgesWithoutNewThreadsWhereTheyShowNothingManyTimes() {
        Thread here = Thread.currentThread();
        try (HandlerThread thread = made()) {
            List<Boolean> used = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                thread.renew("failed");
                assertThat(failed(thread, here, "lacks something")).isSameAs(here);
                used.add(thread.wasUsed());
            }
            assertThat(used).containsExactly(true, true, false, false, false);
            thread.renew("failed");
            assertThat(failed(thread, here, "failed"))
                    .as("shows that it is the record")
                    .isNotSameAs(here);
            assertThat(thread.wasUsed()).isFalse();
            thread.renew("failed");
            assertThat(failed(thread, here, "lacks something")).isSameAs(here);
            assertThat(thread.wasUsed())
                    .as("has to be tried on a new one again")
                    .isTrue();
        }
    }

    /** An outage that both threads see does not count. */
    @Test
    void countsNoNewThreadWhoseFailureTheOldOneSharesForNow() {
        try (HandlerThread thread = made()) {
            for (int i = 0; i < 9; i++) {
                thread.renew("failed");
                Thread last = thread.call(Thread::currentThread, on -> new End(Way.FAILED_FOR_NOW, ""), () -> {});
                assertThat(last).isSameAs(Thread.currentThread());
                assertThat(thread.wasUsed()).isTrue();
            }
        }
    }

    /** A record that fails in another way each time fails by itself. */
    @Test
    void countsNewThreadsOfWhatFailsInAnotherWayEachTime() {
        AtomicInteger ways = new AtomicInteger();
        List<Boolean> used = new ArrayList<>();
        try (HandlerThread thread = made()) {
            for (int i = 0; i < 4; i++) {
                thread.renew("failed");
                thread.call(() -> "", ignored -> new End(Way.FAILED, "way " + ways.incrementAndGet()), () -> {});
                used.add(thread.wasUsed());
            }
        }
        assertThat(used).containsExactly(true, true, false, false);
    }

    /** What returned in spite of the interrupt can tell; the call after it was not interrupted. */
    @Test
    void tellsOnlyTheCallThatItInterrupts() {
        CountDownLatch never = new CountDownLatch(1);
        try (HandlerThread thread = made()) {
            thread.renew("failed");
            boolean told = thread.call(
                    () -> {
                        assertThat(OwnThread.isToldToStop()).isFalse();
                        assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
                        return OwnThread.isToldToStop();
                    },
                    ignored -> SUCCEEDED,
                    () -> {});
            assertThat(told).isTrue();
            assertThat(thread.call(OwnThread::isToldToStop)).isFalse();
        }
    }

    @Test
    void interruptsWhatHangsOnANewThread() {
        Thread here = Thread.currentThread();
        CountDownLatch never = new CountDownLatch(1);
        try (HandlerThread thread = made()) {
            thread.renew("failed");
            Thread last = thread.call(
                    () -> {
                        if (Thread.currentThread() != here) {
                            assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
                        }
                        return Thread.currentThread();
                    },
                    on -> FAILED,
                    () -> {});
            assertThat(last).isSameAs(here);
        }
    }

    /** The old one is still one of those that can be seen to hang. */
    @Test
    void isOneOfTheThreadsAfterAnotherHasEnded() {
        try (HandlerThread thread = made()) {
            thread.renew("failed");
            Thread usual = ended(thread, SUCCEEDED);
            thread.renew("failed");
            ended(thread, FAILED);
            assertThat(threads.facts()).extracting(ThreadFacts::name).containsExactly(usual.getName());
        }
        assertThat(threads.facts()).isEmpty();
    }

    /** What its owner had when it was made, and nothing of what a call has left since. */
    @Test
    void inheritsFromItsOwnerAsItWas() {
        inherited.set("of the owner");
        try (HandlerThread thread = made()) {
            for (int i = 0; i < 3; i++) {
                assertThat(thread.call(inherited::get, ignored -> SUCCEEDED, () -> {}))
                        .isEqualTo("of the owner");
                thread.call(() -> {
                    inherited.set("left");
                    return "";
                });
                thread.renew("failed");
            }
        }
    }

    @Test
    void throwsWhatACallThrows() {
        try (HandlerThread thread = made()) {
            StackOverflowError error = new StackOverflowError();
            for (Throwable thrown : List.of(new IllegalStateException("x"), error, new InterruptedException())) {
                thread.renew("failed");
                assertThatThrownBy(() -> onNewThread(thread, () -> {
                            throw Unchecked.rethrow(thrown);
                        }))
                        .isSameAs(thrown);
            }
            assertThat(thread.call(() -> 2)).isEqualTo(2);
        }
    }

    /** While it waits it is idle, and after that it may be in foreign code again. */
    @Test
    void itsOwnerIsBusyAgainAfterTheCall() throws InterruptedException {
        List<ThreadFacts> facts = new ArrayList<>();
        OwnThread owner = threads.create("owner", () -> {
            try (HandlerThread thread = made()) {
                OwnThread.enter(Step.DECODING);
                thread.renew("failed");
                onNewThread(thread, () -> {
                    OwnThread.enter(Step.TRANSACTION);
                    return facts.addAll(threads.facts());
                });
                facts.addAll(threads.facts());
            }
        });
        owner.start();
        owner.join();
        assertThat(facts).extracting(ThreadFacts::name).startsWith("handler-1", "owner", "owner");
        assertThat(facts).extracting(ThreadFacts::step).startsWith(Step.TRANSACTION, Step.RESTING);
        assertThat(facts.get(2).step()).isEqualTo(Step.BETWEEN_TRANSACTIONS);
    }

    /** Who ends the owner ends the call, for whose end the owner waits. */
    @Test
    void anEndReachesTheCall() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicReference<String> after = new AtomicReference<>();
        OwnThread owner = threads.create("owner", () -> {
            try (HandlerThread thread = made()) {
                thread.renew("failed");
                String how = onNewThread(thread, () -> {
                    begun.countDown();
                    try {
                        new CountDownLatch(1).await();
                        return "not interrupted";
                    } catch (InterruptedException e) {
                        return "interrupted";
                    }
                });
                after.set(how + ", " + Thread.currentThread().isInterrupted());
            }
        });
        owner.start();
        begun.await();
        owner.end();
        owner.join();
        assertThat(after).hasValue("interrupted, true");
        assertThat(threads.died()).isEmpty();
    }

    /** An interrupt that foreign code leaves is no end. */
    @Test
    void aForeignInterruptOfTheOwnerIsCleared() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicReference<Boolean> reached = new AtomicReference<>();
        OwnThread owner = threads.create("owner", () -> {
            try (HandlerThread thread = made()) {
                thread.renew("failed");
                reached.set(onNewThread(thread, () -> {
                    begun.countDown();
                    try {
                        goOn.await();
                        return false;
                    } catch (InterruptedException e) {
                        return true;
                    }
                }));
            }
        });
        owner.start();
        begun.await();
        owner.interrupt();
        goOn.countDown();
        owner.join();
        assertThat(reached).hasValue(false);
    }
}
