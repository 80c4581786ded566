/** What is looked for in the logs once all other tests are done. */
package dev.tidemark.logs;
