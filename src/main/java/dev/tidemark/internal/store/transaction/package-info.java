/** The unit of work: the handler's effects and the advance of the offsets in one transaction. */
@NullMarked
package dev.tidemark.internal.store.transaction;

import org.jspecify.annotations.NullMarked;
