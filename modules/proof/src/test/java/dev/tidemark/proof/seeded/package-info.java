/** A consumer of our own with bugs that can be switched on: the checker must find each of them. Nothing of it is in the library. */
package dev.tidemark.proof.seeded;
