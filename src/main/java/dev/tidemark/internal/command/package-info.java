/** Commands that messages propose. */
@NullMarked
package dev.tidemark.internal.command;

import org.jspecify.annotations.NullMarked;
