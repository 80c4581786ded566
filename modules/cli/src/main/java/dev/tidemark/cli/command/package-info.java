/** One command a class, and what several of them print. */
@NullMarked
package dev.tidemark.cli.command;

import org.jspecify.annotations.NullMarked;
