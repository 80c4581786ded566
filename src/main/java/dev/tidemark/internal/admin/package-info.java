/** What operating a group needs of both servers: sessions on the database, calls of the store's functions, requests to Kafka. */
@NullMarked
package dev.tidemark.internal.admin;

import org.jspecify.annotations.NullMarked;
