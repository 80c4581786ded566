/** What failures of the database mean, what may be logged about them, and how to resolve them. */
@NullMarked
package dev.tidemark.internal.store.failure;

import org.jspecify.annotations.NullMarked;
