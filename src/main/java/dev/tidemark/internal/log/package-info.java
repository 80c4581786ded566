/** How log lines look, and what the MDC holds on Tidemark's own threads. */
@NullMarked
package dev.tidemark.internal.log;

import org.jspecify.annotations.NullMarked;
