/** Moves Kafka records into PostgreSQL so that each takes effect exactly once. */
@NullMarked
package dev.tidemark;

import org.jspecify.annotations.NullMarked;
