/**
 * Operating consumer groups from a program: inspect, reset, pause, rebind, import, export and delete them, and query the audit
 * log and the dead letters. Start with {@link dev.tidemark.admin.TidemarkAdmin}; the command line is built on it.
 */
@NullMarked
package dev.tidemark.admin;

import org.jspecify.annotations.NullMarked;
