/** Starting, running and stopping consumers. */
package dev.tidemark.lifecycle;
