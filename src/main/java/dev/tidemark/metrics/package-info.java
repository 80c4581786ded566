/** Meters for Micrometer, an optional dependency. */
@NullMarked
package dev.tidemark.metrics;

import org.jspecify.annotations.NullMarked;
