/** The benchmark: {@code mvn -q -Pbench test-compile exec:java}. */
package dev.tidemark.bench;
