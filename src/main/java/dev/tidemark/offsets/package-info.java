/** Stored offsets for poll loops of your own: a consumer that claims what it reads, and the calls beneath it. */
@NullMarked
package dev.tidemark.offsets;

import org.jspecify.annotations.NullMarked;
