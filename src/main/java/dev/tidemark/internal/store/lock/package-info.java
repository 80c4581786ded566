/** Which sessions hold locks that the offset store or a unit waits for. */
@NullMarked
package dev.tidemark.internal.store.lock;

import org.jspecify.annotations.NullMarked;
