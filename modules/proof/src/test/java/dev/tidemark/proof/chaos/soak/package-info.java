/** Long runs: what a group and its store use is sampled, and must not grow. */
package dev.tidemark.proof.chaos.soak;
