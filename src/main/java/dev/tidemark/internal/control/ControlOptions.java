package dev.tidemark.internal.control;

import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.store.schema.Schema;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * What the control thread needs to know.
 *
 * @param owner the name to claim under
 * @param storeId the store to find; empty for whichever is met first
 * @param transactionIdleTimeout how long a session of ours may be silent before it counts as stopped
 * @param deadline how long a unit may last
 * @param networkTimeout how long a server may be silent beyond what it was given to reply
 */
public record ControlOptions(
        Schema schema,
        String groupId,
        String owner,
        Optional<UUID> storeId,
        ReadPlan reading,
        Duration transactionIdleTimeout,
        Duration deadline,
        Duration networkTimeout) {}
