/** Real brokers and what tests ask of them. */
package dev.tidemark.testkit.kafka;
