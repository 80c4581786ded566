package dev.tidemark.proof.chaos.member;

import dev.tidemark.testkit.process.ChildJvm;
import java.io.IOException;

/** A consumer process of a run, and the proxy to its database. */
public final class Member implements AutoCloseable {
    private final ChildJvm jvm;
    private final PostgresProxy proxy;
    private long heldBefore;

    Member(ChildJvm jvm, PostgresProxy proxy) {
        this.jvm = jvm;
        this.proxy = proxy;
    }

    public long pid() {
        return jvm.pid();
    }

    public PostgresProxy proxy() {
        return proxy;
    }

    public boolean isAlive() {
        return jvm.isAlive();
    }

    /** SIGKILL, and waits until it is gone. */
    public void kill() {
        jvm.kill();
    }

    /** SIGSTOP, and waits until it is stopped. */
    public void freeze() {
        jvm.freeze();
    }

    /** SIGCONT. */
    public void thaw() {
        jvm.thaw();
    }

    /** Asks it to stay in its next unit. */
    public void hold() {
        heldBefore = helds();
        jvm.send("hold");
    }

    /** Whether it stays in a unit since {@link #hold}. */
    public boolean isHeld() {
        return helds() > heldBefore;
    }

    private long helds() {
        return jvm.output().lines().filter(HoldGate.HELD::equals).count();
    }

    /** Lets it leave the unit. */
    public void go() {
        if (jvm.isAlive()) {
            jvm.send("go");
        }
    }

    /** Its pool has no connection left, or has them back. */
    public void exhaustPool(boolean exhaust) {
        if (jvm.isAlive()) {
            jvm.send(exhaust ? "take" : "give");
        }
    }

    public String output() {
        return jvm.output();
    }

    /** The heap in use after its last collection, in bytes; 0 if it is not known. */
    public long heap() {
        return jvm.output()
                .lines()
                .filter(line -> line.startsWith(HeapWatch.LINE))
                .mapToLong(line -> Long.parseLong(line.substring(HeapWatch.LINE.length())))
                .reduce(0, (first, last) -> last);
    }

    /** SIGTERM; returns whether it ended cleanly. */
    public boolean terminate() {
        int code = jvm.terminate(180);
        return code == 0 || code == 143;
    }

    @Override
    public void close() {
        jvm.close();
        try {
            proxy.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
