/** What the command line prints: tables, pages, exit codes. */
@NullMarked
package dev.tidemark.cli.output;

import org.jspecify.annotations.NullMarked;
