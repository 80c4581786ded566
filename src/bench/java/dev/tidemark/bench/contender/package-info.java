/** Contenders that need nothing but the clients of Kafka and PostgreSQL, and Tidemark itself. */
package dev.tidemark.bench.contender;
