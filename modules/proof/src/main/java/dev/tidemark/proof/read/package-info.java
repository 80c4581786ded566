/** Reads the facts: the log with a reader of its own, the tables with plain JDBC. */
@NullMarked
package dev.tidemark.proof.read;

import org.jspecify.annotations.NullMarked;
