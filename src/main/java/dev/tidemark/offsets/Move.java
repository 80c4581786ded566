package dev.tidemark.offsets;

/**
 * A partition that moves forward in one transaction.
 *
 * @param claim the claim that it was read under, with the position where its records begin
 * @param to the position after the last record that was dealt with
 */
public record Move(Claim claim, Position to) {}
