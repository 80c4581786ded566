package dev.tidemark.internal.unit;

import dev.tidemark.internal.plan.UnitRefusedException;
import java.util.Set;

/** Checks, inside a unit of work and after its effects, whether its topics are still the ones that were claimed. Thread-safe. */
@FunctionalInterface
public interface IdentityCheck {
    /** Relies on the claim, without a check. */
    IdentityCheck NONE = topics -> {};

    /** Returns if they are; throws how the unit ends otherwise. */
    void confirm(Set<String> topics) throws UnitRefusedException;
}
