/** Options that several commands share, and the parsing of their values. */
@NullMarked
package dev.tidemark.cli.option;

import org.jspecify.annotations.NullMarked;
