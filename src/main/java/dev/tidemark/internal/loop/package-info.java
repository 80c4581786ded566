/** The consumer for poll loops owned by the caller. */
@NullMarked
package dev.tidemark.internal.loop;

import org.jspecify.annotations.NullMarked;
