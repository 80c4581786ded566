/** The connections of the workers and of the control thread, what handlers see of them, and whether the server replies. */
@NullMarked
package dev.tidemark.internal.store.connection;

import org.jspecify.annotations.NullMarked;
