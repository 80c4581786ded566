/** The format of log lines, and the MDC on Tidemark's own threads. */
@NullMarked
package dev.tidemark.internal.log;

import org.jspecify.annotations.NullMarked;
