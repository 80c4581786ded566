/** What Tidemark throws, and the stable codes by which errors are told apart. */
@NullMarked
package dev.tidemark.errors;

import org.jspecify.annotations.NullMarked;
