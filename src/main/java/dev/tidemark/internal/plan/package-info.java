/** Every decision, pure: facts in, plan out. No I/O, no clock, no logger, no thread. */
@NullMarked
package dev.tidemark.internal.plan;

import org.jspecify.annotations.NullMarked;
