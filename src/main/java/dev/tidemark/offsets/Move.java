package dev.tidemark.offsets;

/**
 * A partition that moves forward in one transaction.
 *
 * @param claim the claim that its records were read under, with the position where they begin
 * @param to the position after the last record that was handled
 */
public record Move(Claim claim, Position to) {}
