/**
 * Operating consumer groups from a program: inspect, reset, pause, rebind, import, export and delete them, and look through the audit
 * log and the dead letters. {@link dev.tidemark.admin.TidemarkAdmin} is where to begin; the command line is built on it.
 */
@NullMarked
package dev.tidemark.admin;

import org.jspecify.annotations.NullMarked;
