package dev.tidemark.proof.chaos.soak;

import java.time.Instant;
import java.util.Map;

/**
 * What a run uses at one moment.
 *
 * @param at the moment
 * @param used by what is measured; what cannot be measured at this moment is missing
 */
public record Sample(Instant at, Map<Series, Long> used) {}
