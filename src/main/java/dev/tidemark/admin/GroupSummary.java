package dev.tidemark.admin;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * A group in summary, as in the view {@code consumer_group}. Components may be added.
 *
 * @param topics how many topics it has offsets for
 * @param partitions how many partitions it has offsets for
 * @param ownedPartitions those that a consumer has claimed
 * @param haltedPartitions those whose owner gave up
 * @param pausedPartitions those that are paused, without halted ones
 * @param lag records that are still to be read, of all partitions, as their owners last sampled it; empty before the first sample
 * @param maxLag the largest of the partitions' lags; empty before the first sample
 * @param deadLetters parked records that wait to be redriven or dropped
 * @param updatedAt when one of its offsets last moved, by the server's clock
 */
public record GroupSummary(
        String group,
        long topics,
        long partitions,
        long ownedPartitions,
        long haltedPartitions,
        long pausedPartitions,
        OptionalLong lag,
        OptionalLong maxLag,
        long deadLetters,
        Instant updatedAt) {}
