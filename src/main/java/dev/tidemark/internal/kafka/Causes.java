package dev.tidemark.internal.kafka;

import dev.tidemark.internal.plan.Fatal;
import java.util.ArrayList;
import java.util.List;

/** The causes of a failure. */
final class Causes {
    /** They may lead back to the failure, or be made anew at each call. */
    private static final int MOST = 50;

    private Causes() {}

    /** The failure and its causes, the failure first. */
    static List<Throwable> of(Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        try {
            for (Throwable t = failure; t != null && causes.size() < MOST; t = t.getCause()) {
                causes.add(t);
            }
        } catch (Throwable e) {
            // An interceptor's or an assignor's exception may throw itself.
            Fatal.rethrow(e);
        }
        return causes;
    }
}
