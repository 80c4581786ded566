/** Versions of libraries other than those that Tidemark is compiled with: what a framework brings. */
package dev.tidemark.versions;
