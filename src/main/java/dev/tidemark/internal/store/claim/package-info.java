/** Binding topics, claiming and releasing partitions, on the caller's connection. */
@NullMarked
package dev.tidemark.internal.store.claim;

import org.jspecify.annotations.NullMarked;
