/** What {@code doctor} looks at: questions, which ask servers, and checks, which judge the answers and are pure. */
@NullMarked
package dev.tidemark.cli.doctor;

import org.jspecify.annotations.NullMarked;
