package dev.tidemark.proof.seeded;

import dev.tidemark.proof.chaos.member.HeapWatch;
import dev.tidemark.proof.chaos.member.HoldGate;
import dev.tidemark.testkit.process.ProcessSettings;
import java.util.concurrent.CountDownLatch;

/** A process with the small consumer; understands the settings of the harness's other members, and {@code bug}. */
public final class SeededMember {
    private SeededMember() {}

    public static void main(String[] args) throws Exception {
        ProcessSettings settings = ProcessSettings.parse(args);
        HeapWatch.start();
        HoldGate gate = new HoldGate();
        gate.commands().obey(System.in);
        SeededConsumer consumer = new SeededConsumer(settings, Bug.valueOf(settings.get("bug")), gate);
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.stop();
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        System.out.println("STARTED");
        try {
            consumer.run();
        } finally {
            ended.countDown();
        }
    }
}
