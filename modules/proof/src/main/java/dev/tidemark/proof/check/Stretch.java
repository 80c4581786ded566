package dev.tidemark.proof.check;

/**
 * Offsets that a group went through without being moved: from the first to the one before {@code to}.
 *
 * @param incarnation which topic of that name, from 1
 * @param from the first offset
 * @param to the offset after the last
 */
public record Stretch(int incarnation, long from, long to) {}
