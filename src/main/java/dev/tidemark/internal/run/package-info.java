/** The poll thread: poll loop, partitions, pauses, seeks, shutdown, and the wiring of the runtime. */
@NullMarked
package dev.tidemark.internal.run;

import org.jspecify.annotations.NullMarked;
