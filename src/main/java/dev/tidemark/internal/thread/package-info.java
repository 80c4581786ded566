/** The threads of a consumer: how they begin and end, what they are busy with, and what foreign code may leave on them. */
@NullMarked
package dev.tidemark.internal.thread;

import org.jspecify.annotations.NullMarked;
