/** Spans for OpenTelemetry, an optional dependency. */
@NullMarked
package dev.tidemark.tracing;

import org.jspecify.annotations.NullMarked;
