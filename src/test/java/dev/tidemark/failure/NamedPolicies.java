package dev.tidemark.failure;

import dev.tidemark.FailurePolicy;
import java.time.Duration;

/** Policies by the names that parameterized tests use. */
public final class NamedPolicies {
    private NamedPolicies() {}

    public static FailurePolicy policy(String name) {
        return switch (name) {
            case "skip" -> FailurePolicy.skip();
            case "park" -> FailurePolicy.park();
            case "park key" -> FailurePolicy.parkKey();
            case "halt" -> FailurePolicy.halt();
            case "retry and halt" ->
                FailurePolicy.retry(1, Duration.ofMillis(1)).then(FailurePolicy.halt());
            default -> throw new IllegalArgumentException("no policy is called " + name);
        };
    }
}
