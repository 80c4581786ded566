/** The command line: one command per file, and the options and printers that they share. Not part of the library. */
@NullMarked
package dev.tidemark.cli;

import org.jspecify.annotations.NullMarked;
