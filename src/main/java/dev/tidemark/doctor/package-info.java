/**
 * Checks what a group needs, from the database's settings to the retention of its topics, and says how to fix what fails: {@link
 * dev.tidemark.doctor.Doctor}. Questions ask the servers and hold the SQL; checks judge what they returned, and are pure.
 */
@NullMarked
package dev.tidemark.doctor;

import org.jspecify.annotations.NullMarked;
