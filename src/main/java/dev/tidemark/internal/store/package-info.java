/** PostgreSQL: all SQL, the claims, the unit of work, the schema check. */
@NullMarked
package dev.tidemark.internal.store;

import org.jspecify.annotations.NullMarked;
