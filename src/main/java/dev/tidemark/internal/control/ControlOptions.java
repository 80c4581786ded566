package dev.tidemark.internal.control;

import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.store.schema.Schema;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * The settings of the control thread.
 *
 * @param owner the name to claim under
 * @param workers how many connections are needed beside the control thread's; 0 if only the caller knows
 * @param storeId the expected store; empty for whichever is found first
 * @param transactionIdleTimeout how long a session of ours may be silent before it counts as stopped
 * @param deadline how long a unit may last
 * @param networkTimeout how long a server may be silent beyond the time allowed for a reply
 * @param fetchMaxWait how long a broker may hold a fetch that finds little
 */
public record ControlOptions(
        Schema schema,
        String groupId,
        String owner,
        int workers,
        Optional<UUID> storeId,
        ReadPlan reading,
        Duration transactionIdleTimeout,
        Duration deadline,
        Duration networkTimeout,
        Duration fetchMaxWait) {}
