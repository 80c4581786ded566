package dev.tidemark.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.internal.plan.ThreadFacts;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.thread.HandlerThread.End;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class HandlerThreadTest {
    private final OwnThreads threads = new OwnThreads();
    private final ThreadLocal<String> inherited = new InheritableThreadLocal<>();

    private HandlerThread made() {
        return new HandlerThread(threads, "handler", work -> work);
    }

    private static Thread ended(HandlerThread thread, End end) {
        return thread.call(Thread::currentThread, ignored -> end);
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
            thread.renew();
            second = ended(thread, End.SUCCEEDED);
            assertThat(thread.wasUsed()).isFalse();
            assertThat(thread.call(Thread::currentThread)).isSameAs(second).isNotSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).isTrue();
            thread.renew();
            third = ended(thread, End.SUCCEEDED);
            assertThat(third).isNotSameAs(second);
            assertThat(threads.facts()).extracting(ThreadFacts::name).containsExactly("handler");
            second.join();
        }
        third.join();
        assertThat(threads.died()).isEmpty();
    }

    /** What belongs to a thread, such as its connection, is there for the next ones. */
    @Test
    void isTheSameOneAfterACallThatDidNotSucceedOnAnother() throws InterruptedException {
        try (HandlerThread thread = made()) {
            for (End end : List.of(End.FAILED, End.OTHER)) {
                thread.renew();
                Thread other = ended(thread, end);
                assertThat(other).isNotSameAs(Thread.currentThread());
                assertThat(thread.wasUsed()).isFalse();
                assertThat(thread.call(Thread::currentThread)).isSameAs(Thread.currentThread());
                other.join();
            }
        }
    }

    @Test
    void triesNoNewThreadsThatLackSomething() {
        try (HandlerThread thread = made()) {
            for (End end : List.of(End.LACKED, End.LACKED, End.FAILED, End.LACKED, End.OTHER, End.LACKED, End.LACKED)) {
                thread.renew();
                assertThat(ended(thread, end)).isNotSameAs(Thread.currentThread());
            }
            thread.renew();
            assertThat(ended(thread, End.FAILED)).isSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).as("and could be tried elsewhere").isFalse();
        }
    }

    /** What its owner had when it was made, and nothing of what a call has left since. */
    @Test
    void inheritsFromItsOwnerAsItWas() {
        inherited.set("of the owner");
        try (HandlerThread thread = made()) {
            for (int i = 0; i < 3; i++) {
                assertThat(thread.call(inherited::get, ignored -> End.SUCCEEDED))
                        .isEqualTo("of the owner");
                thread.call(() -> {
                    inherited.set("left");
                    return "";
                });
                thread.renew();
            }
        }
    }

    @Test
    void throwsWhatACallThrows() {
        try (HandlerThread thread = made()) {
            StackOverflowError error = new StackOverflowError();
            for (Throwable thrown : List.of(new IllegalStateException("x"), error, new InterruptedException())) {
                thread.renew();
                assertThatThrownBy(() -> thread.call(() -> {
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
                thread.renew();
                thread.call(() -> {
                    OwnThread.enter(Step.TRANSACTION);
                    return facts.addAll(threads.facts());
                });
                facts.addAll(threads.facts());
            }
        });
        owner.start();
        owner.join();
        assertThat(facts).extracting(ThreadFacts::name).startsWith("handler", "owner", "handler", "owner");
        assertThat(facts).extracting(ThreadFacts::step).startsWith(Step.TRANSACTION, Step.RESTING);
        assertThat(facts.get(3).step()).isEqualTo(Step.BETWEEN_TRANSACTIONS);
    }

    /** Who ends the owner ends the call, for whose end the owner waits. */
    @Test
    void anEndReachesTheCall() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicReference<String> after = new AtomicReference<>();
        OwnThread owner = threads.create("owner", () -> {
            try (HandlerThread thread = made()) {
                thread.renew();
                String how = thread.call(() -> {
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
                thread.renew();
                reached.set(thread.call(() -> {
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
