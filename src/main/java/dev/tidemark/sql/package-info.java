/** A {@link dev.tidemark.BatchHandler} made from a SQL file, or from a statement and a function to its parameters. */
@NullMarked
package dev.tidemark.sql;

import org.jspecify.annotations.NullMarked;
