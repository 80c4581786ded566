/** What is checked, pure: facts in, findings out. No I/O, no clock. */
@NullMarked
package dev.tidemark.proof.check;

import org.jspecify.annotations.NullMarked;
