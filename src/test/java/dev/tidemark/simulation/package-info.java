/** The deterministic simulation: the engine against a simulated database and broker; see docs/simulation.md. */
@NullMarked
package dev.tidemark.simulation;

import org.jspecify.annotations.NullMarked;
