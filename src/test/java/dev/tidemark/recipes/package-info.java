/** The code that docs/recipes.md shows, and what runs it. */
@NullMarked
package dev.tidemark.recipes;

import org.jspecify.annotations.NullMarked;
