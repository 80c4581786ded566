/** Binding topics, claiming partitions and giving them back, on the caller's connection. */
@NullMarked
package dev.tidemark.internal.store.claim;

import org.jspecify.annotations.NullMarked;
