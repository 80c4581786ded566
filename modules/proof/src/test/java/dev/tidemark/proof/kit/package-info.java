/** What the checker's tests and the chaos harness share: the records that are sent, and the tables that they end in. */
package dev.tidemark.proof.kit;
