/** The consumer for poll loops of the caller's own. */
@NullMarked
package dev.tidemark.internal.loop;

import org.jspecify.annotations.NullMarked;
