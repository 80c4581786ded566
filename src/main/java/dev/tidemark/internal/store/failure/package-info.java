/** What failures of the database mean, what may be said of them, and the way out. */
@NullMarked
package dev.tidemark.internal.store.failure;

import org.jspecify.annotations.NullMarked;
