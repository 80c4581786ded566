/**
 * Checks what a group needs, from the database's settings to the retention of its topics, and says how to fix what fails: {@link
 * dev.tidemark.doctor.Doctor}. Questions query the servers and contain the SQL; checks judge the results, and are pure.
 */
@NullMarked
package dev.tidemark.doctor;

import org.jspecify.annotations.NullMarked;
