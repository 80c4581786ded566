package dev.tidemark.internal.plan;

/** Tells what other people's code throws from what ends the virtual machine. */
public final class Fatal {
    private Fatal() {}

    /** Throws it on if the virtual machine is going down; a stack that overflowed is the code's own doing. */
    public static void rethrow(Throwable thrown) {
        if (thrown instanceof VirtualMachineError dying && !(thrown instanceof StackOverflowError)) {
            throw dying;
        }
    }
}
