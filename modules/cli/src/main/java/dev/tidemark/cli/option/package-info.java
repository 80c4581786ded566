/** What people say on the command line: options of several commands, and how values are read. */
@NullMarked
package dev.tidemark.cli.option;

import org.jspecify.annotations.NullMarked;
