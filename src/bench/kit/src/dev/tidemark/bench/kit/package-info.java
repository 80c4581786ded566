/** What all contenders share: the records, what becomes of them in the database, and how it is measured. */
package dev.tidemark.bench.kit;
