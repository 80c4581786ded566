/** Stored offsets for your own poll loop: a consumer that claims what it reads, and the low-level calls. */
@NullMarked
package dev.tidemark.offsets;

import org.jspecify.annotations.NullMarked;
