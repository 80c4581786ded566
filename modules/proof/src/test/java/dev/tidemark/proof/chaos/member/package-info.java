/** The consumers of a run: a process each, and the proxy in front of each one's database. */
package dev.tidemark.proof.chaos.member;
