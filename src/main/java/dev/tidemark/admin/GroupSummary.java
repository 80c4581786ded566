package dev.tidemark.admin;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * A group at a glance, as the view {@code consumer_group} has it. Components may be added.
 *
 * @param topics how many topics it has offsets of
 * @param partitions how many partitions it has offsets of
 * @param ownedPartitions those that a consumer has claimed
 * @param haltedPartitions those whose owner gave up
 * @param pausedPartitions those that are paused, but for halted ones
 * @param lag records that are still to be read, of all partitions, as their owners saw it last; empty before the first look
 * @param maxLag the largest of the partitions' lags; empty before the first look
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
