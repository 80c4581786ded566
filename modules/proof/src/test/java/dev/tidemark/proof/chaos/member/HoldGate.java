package dev.tidemark.proof.chaos.member;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** Holds a unit inside its open transaction: after {@link #hold} the next one says so and waits for {@link #go}. */
public final class HoldGate {
    /** What a held unit prints. */
    static final String HELD = "UNIT OPEN";

    private final AtomicReference<CountDownLatch> wanted = new AtomicReference<>();
    private volatile CountDownLatch waiting = new CountDownLatch(0);

    /** Lets the harness use it. */
    public Commands commands() {
        return new Commands().on("hold", this::hold).on("go", this::go);
    }

    private void hold() {
        waiting = new CountDownLatch(1);
        wanted.set(waiting);
    }

    private void go() {
        wanted.set(null);
        waiting.countDown();
    }

    /** Called by the handler when its effects are written. */
    public void pass() throws InterruptedException {
        CountDownLatch latch = wanted.getAndSet(null);
        if (latch != null) {
            System.out.println(HELD);
            latch.await();
        }
    }
}
