/** What the docs show, compiled and run. */
package dev.tidemark.docs;
