/** The statements on the tables of the offset store, a class for each table or each use, on the caller's connection. */
@NullMarked
package dev.tidemark.internal.store.table;

import org.jspecify.annotations.NullMarked;
