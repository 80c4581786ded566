package dev.tidemark.internal.plan;

/**
 * A record that is to be tried by itself.
 *
 * @param offset its offset
 * @param attempts how often it was tried by itself so far
 */
public record Alone(long offset, int attempts) {}
