/** The schema that the tables live in, whether it is the right one, and how statements are created. */
@NullMarked
package dev.tidemark.internal.store.schema;

import org.jspecify.annotations.NullMarked;
