/** The faults, each a class that says what it does to whom. */
package dev.tidemark.proof.chaos.fault;
