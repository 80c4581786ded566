package dev.tidemark.testkit;

import java.util.concurrent.CountDownLatch;

/** Waits that no interrupt ends. */
public final class Uninterrupted {
    private Uninterrupted() {}

    /** Returns when the latch is open, with the thread interrupted if it was meanwhile. */
    public static void await(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
