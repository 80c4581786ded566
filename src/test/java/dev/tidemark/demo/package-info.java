/** Real flights, real servers, processes that are killed, and a count at the end. */
package dev.tidemark.demo;
