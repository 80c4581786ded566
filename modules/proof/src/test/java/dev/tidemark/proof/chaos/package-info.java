/** The chaos harness: cells of faults, protocols and modes on real processes, and what is checked after each. */
package dev.tidemark.proof.chaos;
