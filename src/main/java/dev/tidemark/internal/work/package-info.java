/** The workers: building units of work, decoding, calling the handler, reacting to their outcomes. */
@NullMarked
package dev.tidemark.internal.work;

import org.jspecify.annotations.NullMarked;
