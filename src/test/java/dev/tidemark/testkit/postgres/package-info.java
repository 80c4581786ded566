/** Real PostgreSQL servers, databases and the proxies in front of them. */
package dev.tidemark.testkit.postgres;
