/** What Tidemark throws, and the stable codes that identify errors. */
@NullMarked
package dev.tidemark.errors;

import org.jspecify.annotations.NullMarked;
