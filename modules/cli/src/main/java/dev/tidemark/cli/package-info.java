/** The command line: one command a file, and the options and printers that they share. Left out of the library. */
@NullMarked
package dev.tidemark.cli;

import org.jspecify.annotations.NullMarked;
