/** Processes, servers and connections that die, hang or come back older. */
package dev.tidemark.chaos;
