package dev.tidemark.internal.store.table;

/**
 * How a unit of work begins.
 *
 * @param idleTimeoutMillis after how long the server ends its transaction if its client is silent
 * @param applicationName the name under which the server shows it
 * @param kept whether the server may keep its statement prepared
 */
public record BeginTerms(long idleTimeoutMillis, String applicationName, boolean kept) {}
