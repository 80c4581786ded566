/** What a running job needs in addition to its consumer: a pool, progress, an HTTP endpoint. */
@NullMarked
package dev.tidemark.cli.running;

import org.jspecify.annotations.NullMarked;
