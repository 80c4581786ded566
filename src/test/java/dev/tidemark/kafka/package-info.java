/** Where a group reads: start positions, subscriptions, gaps, log ends, and what Kafka does to it. */
package dev.tidemark.kafka;
