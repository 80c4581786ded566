/** Jobs written in SQL: a {@link dev.tidemark.BatchHandler} made from a SQL file. */
@NullMarked
package dev.tidemark.sql;

import org.jspecify.annotations.NullMarked;
