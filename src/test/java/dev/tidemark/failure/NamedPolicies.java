package dev.tidemark.failure;

import dev.tidemark.FailurePolicy;

/** The policies that give a record up, by the names that parameterized tests use. */
final class NamedPolicies {
    private NamedPolicies() {}

    static FailurePolicy policy(String name) {
        return switch (name) {
            case "skip" -> FailurePolicy.skip();
            case "park" -> FailurePolicy.park();
            case "park key" -> FailurePolicy.parkKey();
            default -> throw new IllegalArgumentException("no policy is called " + name);
        };
    }
}
