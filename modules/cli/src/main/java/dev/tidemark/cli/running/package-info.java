/** What a running job needs beside its consumer: a pool, progress, an HTTP endpoint. */
@NullMarked
package dev.tidemark.cli.running;

import org.jspecify.annotations.NullMarked;
