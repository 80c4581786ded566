/** The bounded queues between the poll thread and the workers, and decoding. */
@NullMarked
package dev.tidemark.internal.queue;

import org.jspecify.annotations.NullMarked;
