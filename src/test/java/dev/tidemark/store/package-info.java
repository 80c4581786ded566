/** The schema, its roles and views, and the unit of work on real servers. */
package dev.tidemark.store;
