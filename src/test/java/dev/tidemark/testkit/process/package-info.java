/** Processes of the tests' own: consumers and commands. */
package dev.tidemark.testkit.process;
