/** The control thread: claims, probes, topic ids, log ends, blockers and deadlines. */
@NullMarked
package dev.tidemark.internal.control;

import org.jspecify.annotations.NullMarked;
