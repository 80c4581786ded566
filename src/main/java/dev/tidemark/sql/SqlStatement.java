package dev.tidemark.sql;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * One statement of a job.
 *
 * @param number its number, from 1
 * @param line where it begins, from 1
 * @param text as it was written, question marks doubled as the driver requires
 * @param head its first words in lower case, at most three
 * @param insertAt where a common table expression may be put into the text
 * @param mentionsRecords whether the name {@code records} occurs in it
 * @param records what it does with that name
 * @param holdsCursor whether it declares a cursor that outlives the transaction
 * @param createsTable whether it may be a SELECT INTO
 * @param origin the position of its text in the job
 */
record SqlStatement(
        int number,
        int line,
        String text,
        List<String> head,
        int insertAt,
        boolean mentionsRecords,
        RecordsReference.Found records,
        boolean holdsCursor,
        boolean createsTable,
        Origin origin) {
    /**
     * The job, and where in it a statement's text begins, including the space and the comments before it.
     *
     * @param start an index into the job, from 0
     */
    record Origin(String job, int start) {}

    /**
     * What the server got besides the statement's text.
     *
     * @param expression the common table expression in it, whose parameters the driver has numbered; empty if there is none
     * @param before how many characters in front of it
     * @param withValues whether the driver has put the values into the text, so that it is of unknown length behind the expression
     */
    record Sent(String expression, int before, boolean withValues) {}

    /** Statements that may begin with WITH. */
    private static final Set<String> QUERIES =
            Set.of("select", "insert", "update", "delete", "merge", "values", "table", "with");

    private static final Set<String> OF_TRANSACTION = Set.of("commit", "end", "abort", "begin", "start");
    private static final Set<String> OF_SESSION =
            Set.of("reset", "discard", "listen", "unlisten", "prepare", "deallocate");
    private static final Set<String> LOCAL = Set.of("local", "constraints", "transaction");

    /** Whether it can read records at all; the others create and change objects, settings and the like. */
    boolean isQuery() {
        // One that begins with a parenthesis has no head.
        return head.isEmpty() || QUERIES.contains(head.get(0));
    }

    /** Whether it reads the unit. */
    boolean readsRecords() {
        return isQuery() && records.reads();
    }

    /** Whether the unit is added to it: also if the name may mean something else, which does no harm. */
    boolean takesRecords() {
        return isQuery() && mentionsRecords && (records.reads() || !records.defines());
    }

    /** Why it cannot be part of a job; empty if it can. */
    Optional<String> refusal() {
        String first = word(0);
        boolean toSavepoint = word(1).equals("to") || word(2).equals("to");
        if (OF_TRANSACTION.contains(first)
                || (first.equals("rollback") && !toSavepoint)
                || (first.equals("prepare") && word(1).equals("transaction"))) {
            return Optional.of("begins or ends a transaction: that is Tidemark's, which commits the job's changes"
                    + " together with the offsets; remove " + first.toUpperCase(Locale.ROOT));
        }
        if (OF_SESSION.contains(first) || (first.equals("set") && !LOCAL.contains(word(1)))) {
            return Optional.of("changes the session, which a pooler may hand to another client: use set local");
        }
        if (holdsCursor) {
            return Optional.of("declares a cursor WITH HOLD, which stays in the session, and a pooler may hand that to"
                    + " another client: remove WITH HOLD");
        }
        if (records.reads() && !isQuery()) {
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
        return text.substring(0, insertAt) + inserted(expression) + text.substring(insertAt);
    }

    private String inserted(String expression) {
        return word(0).equals("with") ? " " + expression + "," : "with " + expression + " ";
    }

    /**
     * The place in the job's text of a position from the server, such as "line 2, column 5", both from 1; empty if it is not in the text.
     *
     * @param position in characters, from 1, in the text as it was sent
     */
    Optional<String> place(int position, Sent sent) {
        int index = position - 1 - sent.before();
        if (!sent.expression().isEmpty()) {
            String inserted = inserted(sent.expression());
            long added =
                    inserted.length() + inserted.chars().filter(c -> c == '?').count();
            if (index >= insertAt + added && !sent.withValues()) {
                index -= (int) added;
            } else if (index >= insertAt) {
                return Optional.empty();
            }
        }
        String job = origin.job();
        if (index < 0 || job.codePointCount(origin.start(), job.length()) <= index) {
            return Optional.empty();
        }
        int place = job.offsetByCodePoints(origin.start(), index);
        int lineStart = job.lastIndexOf('\n', place - 1) + 1;
        long lines = job.substring(0, lineStart).chars().filter(c -> c == '\n').count();
        return Optional.of("line " + (lines + 1) + ", column " + (job.codePointCount(lineStart, place) + 1));
    }
}
