/** The checker: a program that compares what a consumer has written with the log, and knows nothing of the library. */
@NullMarked
package dev.tidemark.proof;

import org.jspecify.annotations.NullMarked;
