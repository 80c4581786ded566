package dev.tidemark.proof.chaos.member;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** Holds a unit inside its open transaction: after a line {@code hold} the next one says so and waits for a line {@code go}. */
public final class HoldGate {
    /** What a held unit prints. */
    static final String HELD = "UNIT OPEN";

    private final AtomicReference<CountDownLatch> wanted = new AtomicReference<>();
    private volatile CountDownLatch waiting = new CountDownLatch(0);

    private HoldGate() {}

    /** Obeys the lines of this stream from now on. */
    public static HoldGate start(InputStream in) {
        HoldGate gate = new HoldGate();
        Thread thread = new Thread(() -> gate.obey(in), "hold-gate");
        thread.setDaemon(true);
        thread.start();
        return gate;
    }

    private void obey(InputStream in) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("hold")) {
                    waiting = new CountDownLatch(1);
                    wanted.set(waiting);
                } else {
                    wanted.set(null);
                    waiting.countDown();
                }
            }
        } catch (IOException e) {
            // The harness is gone.
            waiting.countDown();
        }
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
