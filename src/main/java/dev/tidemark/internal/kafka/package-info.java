/** Kafka: forced settings, topic ids, log bounds and start positions. */
@NullMarked
package dev.tidemark.internal.kafka;

import org.jspecify.annotations.NullMarked;
