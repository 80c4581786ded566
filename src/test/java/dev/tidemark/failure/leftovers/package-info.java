/** Records that fail, and what becomes of them. */
package dev.tidemark.failure.leftovers;
