package dev.tidemark.proof.read;

import org.jspecify.annotations.Nullable;

/**
 * The table of effects: one row for each record that took effect.
 *
 * @param table its name, qualified where necessary
 * @param topic the column with the record's topic; null if the table has one topic only
 * @param partition the column with the record's partition
 * @param offset the column with the record's offset
 * @param order the column that grows from row to row, such as an identity; null if there is none
 * @param key the column with the record's key; null if it is not compared
 * @param sequence the column with the record's place among those of its key; null if it is not compared
 * @param amount the column that is summed; null if it is not
 */
public record Columns(
        String table,
        @Nullable String topic,
        String partition,
        String offset,
        @Nullable String order,
        @Nullable String key,
        @Nullable String sequence,
        @Nullable String amount) {}
