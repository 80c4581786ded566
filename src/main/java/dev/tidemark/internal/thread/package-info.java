/** The threads of a consumer: how they start and end, what they are doing, and the interrupts that foreign code may leave on them. */
@NullMarked
package dev.tidemark.internal.thread;

import org.jspecify.annotations.NullMarked;
