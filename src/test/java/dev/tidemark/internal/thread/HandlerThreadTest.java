package dev.tidemark.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.internal.plan.ThreadFacts;
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

    @Test
    void isItsOwnerAtFirst() {
        try (HandlerThread thread = made()) {
            assertThat(thread.call(Thread::currentThread)).isSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).isFalse();
            assertThat(thread.call(Thread::currentThread)).isSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).isTrue();
        }
        assertThat(threads.facts()).isEmpty();
    }

    @Test
    void isAnotherOneAfterEachRenewal() throws InterruptedException {
        Thread second;
        Thread third;
        try (HandlerThread thread = made()) {
            thread.call(() -> 1);
            thread.renew();
            second = thread.call(Thread::currentThread);
            assertThat(thread.wasUsed()).isFalse();
            assertThat(thread.call(Thread::currentThread)).isSameAs(second).isNotSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).isTrue();
            thread.renew();
            // An unused one is not renewed.
            thread.renew();
            third = thread.call(Thread::currentThread);
            assertThat(third).isNotSameAs(second);
            assertThat(threads.facts()).extracting(ThreadFacts::name).containsExactly("handler");
            thread.returnToOwner();
            assertThat(thread.call(Thread::currentThread)).isSameAs(Thread.currentThread());
            assertThat(thread.wasUsed()).isTrue();
        }
        second.join();
        third.join();
        assertThat(threads.died()).isEmpty();
    }

    /** What its owner had when it was made, and nothing of what a call has left since. */
    @Test
    void inheritsFromItsOwnerAsItWas() {
        inherited.set("of the owner");
        try (HandlerThread thread = made()) {
            for (int i = 0; i < 3; i++) {
                assertThat(thread.call(inherited::get)).isEqualTo("of the owner");
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
            thread.call(() -> 1);
            thread.renew();
            StackOverflowError error = new StackOverflowError();
            for (Throwable thrown : List.of(new IllegalStateException("x"), error, new InterruptedException())) {
                assertThatThrownBy(() -> thread.call(() -> {
                            throw HandlerThreadTest.<RuntimeException>unchecked(thrown);
                        }))
                        .isSameAs(thrown);
            }
            assertThat(thread.call(() -> 2)).isEqualTo(2);
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T unchecked(Throwable any) throws T {
        throw (T) any;
    }

    /** Who ends the owner ends the call, for whose end the owner waits. */
    @Test
    void anEndReachesTheCall() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicReference<String> after = new AtomicReference<>();
        OwnThread owner = threads.create("owner", () -> {
            try (HandlerThread thread = made()) {
                thread.call(() -> 1);
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
                thread.call(() -> 1);
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
