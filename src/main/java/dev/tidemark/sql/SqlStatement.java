package dev.tidemark.sql;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * One statement of a job.
 *
 * @param number which one, from 1
 * @param line where it begins, from 1
 * @param text as it was written, question marks doubled as the driver wants them
 * @param head its first words in lower case, at most three
 * @param insertAt where a common table expression may be put into the text
 * @param mentionsRecords whether the name {@code records} stands in it
 */
record SqlStatement(int number, int line, String text, List<String> head, int insertAt, boolean mentionsRecords) {
    /** What may begin with WITH. */
    private static final Set<String> QUERIES =
            Set.of("select", "insert", "update", "delete", "merge", "values", "table", "with");

    private static final Set<String> OF_TRANSACTION = Set.of("commit", "end", "abort", "begin", "start");
    private static final Set<String> OF_SESSION =
            Set.of("reset", "discard", "listen", "unlisten", "prepare", "deallocate");
    private static final Set<String> LOCAL = Set.of("local", "constraints", "transaction");

    /** Whether it can read records at all; the others make and change objects, settings and the like. */
    boolean isQuery() {
        // One that begins with a parenthesis has no head.
        return head.isEmpty() || QUERIES.contains(head.get(0));
    }

    /** Why it cannot be part of a job; empty if it can. */
    Optional<String> refusal() {
        String first = word(0);
        boolean toSavepoint = word(1).equals("to") || word(2).equals("to");
        if (OF_TRANSACTION.contains(first)
                || (first.equals("rollback") && !toSavepoint)
                || (first.equals("prepare") && word(1).equals("transaction"))) {
            return Optional.of("begins or ends a transaction: that is Tidemark's, which commits the job's changes"
                    + " together with the offsets; leave " + first.toUpperCase(Locale.ROOT) + " out");
        }
        if (OF_SESSION.contains(first) || (first.equals("set") && !LOCAL.contains(word(1)))) {
            return Optional.of("changes the session, which a pooler may hand to somebody else: use set local");
        }
        if (mentionsRecords && !isQuery()) {
            return Optional.of("reads records in " + first.toUpperCase(Locale.ROOT)
                    + ", which cannot: only select, insert, update, delete, merge, values and table can");
        }
        return Optional.empty();
    }

    private String word(int index) {
        return index < head.size() ? head.get(index) : "";
    }

    /** The text with this common table expression in it, of the name and the query in parentheses. */
    String with(String expression) {
        boolean alreadyWith = word(0).equals("with");
        return text.substring(0, insertAt)
                + (alreadyWith ? " " + expression + "," : "with " + expression + " ")
                + text.substring(insertAt);
    }
}
