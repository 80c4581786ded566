/** What the tests of the command line share, in addition to the library's test kit. */
@NullMarked
package dev.tidemark.cli.testkit;

import org.jspecify.annotations.NullMarked;
