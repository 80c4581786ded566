/** Units of work: calling the handler, reacting to outcomes, settling. */
@NullMarked
package dev.tidemark.internal.unit;

import org.jspecify.annotations.NullMarked;
