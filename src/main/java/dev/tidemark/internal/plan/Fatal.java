package dev.tidemark.internal.plan;

import org.jspecify.annotations.Nullable;

/** Distinguishes what user code throws from what ends the virtual machine. */
public final class Fatal {
    private Fatal() {}

    /** Rethrows it if the virtual machine is going down; a stack overflow is the code's own fault. */
    public static void rethrow(@Nullable Throwable thrown) {
        if (thrown instanceof VirtualMachineError dying && !(thrown instanceof StackOverflowError)) {
            throw dying;
        }
    }
}
