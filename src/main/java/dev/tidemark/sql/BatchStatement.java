package dev.tidemark.sql;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.plan.SqlScanner;
import dev.tidemark.internal.plan.SqlScanner.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The statement of a batch, checked. Pure.
 *
 * @param sql as it is sent
 * @param parameters how many it has
 */
record BatchStatement(String sql, int parameters) {
    private static final Set<String> CHANGES = Set.of("insert", "update", "delete", "merge");
    private static final Set<String> READS = Set.of("select", "values", "table");

    /** What follows these is the name of a common table expression, whatever it looks like. */
    private static final Set<String> BEFORE_NAMES = Set.of("with", "recursive", ",");

    /**
     * Checks a text.
     *
     * @throws InvalidConfigurationException if it is not one statement that a batch can consist of (TM-103)
     */
    static BatchStatement of(String text) {
        return new Reading(SqlScanner.withoutMark(text)).statement();
    }

    /** One pass over a text. */
    private static final class Reading {
        private final String text;
        private final List<String> words = new ArrayList<>();
        private String before = "";
        private String verb = "";
        private int begin = -1;
        private int end;
        private int depth;
        private int parameters;
        private int parameterAt = -1;
        private boolean ended;
        private boolean changesInside;
        private boolean parameterAfterConflict;

        Reading(String text) {
            this.text = text;
        }

        BatchStatement statement() {
            SqlScanner scanner = new SqlScanner(text);
            while (!scanner.atEnd()) {
                Token token = scanner.next();
                if (token != Token.SPACE) {
                    read(token, scanner.start(), scanner.text());
                }
            }
            if (begin < 0) {
                throw refused("is empty");
            }
            String body = text.substring(begin, end);
            String first = words.isEmpty() ? "" : words.get(0);
            if (READS.contains(verb)) {
                if (changesInside) {
                    throw refused("is a SELECT with a statement in front of it that changes rows:"
                            + " make that the main statement");
                }
                // Of a statement that returns rows the driver has the server execute a batch's as far as the first row.
                return sent("with tidemark_rows as materialized (\n" + body + "\n) select count(*) from tidemark_rows");
            }
            if (!CHANGES.contains(verb) && !first.equals("call")) {
                throw refused("is none that a batch can consist of: INSERT, UPDATE, DELETE, MERGE, CALL or SELECT");
            }
            boolean dependsOnOtherRows = words.contains("update") || words.contains("select") || parameterAfterConflict;
            // Under reWriteBatchedInserts the driver joins the rows of inserts that begin with INSERT.
            return sent(first.equals("insert") && dependsOnOtherRows ? "with tidemark_row as (select) " + body : body);
        }

        private BatchStatement sent(String sql) {
            return new BatchStatement(sql, parameters);
        }

        private void read(Token token, int start, String written) {
            if (token == Token.OPEN_END) {
                throw refused("contains an unterminated quote or comment");
            }
            if (token == Token.PARAMETER) {
                throw refused("contains the parameter " + written + ": write ? for each parameter");
            }
            boolean semicolon = written.equals(";") && depth == 0;
            if (semicolon) {
                ended = begin >= 0;
                return;
            }
            if (ended) {
                throw refused("is more than one statement");
            }
            begin = begin < 0 ? start : begin;
            end = start + written.length();
            String word = token == Token.WORD || token == Token.SYMBOL ? written.toLowerCase(Locale.ROOT) : "";
            if (token == Token.WORD) {
                word(word);
            } else if (token == Token.SYMBOL) {
                symbol(word, start);
            }
            before = word;
        }

        private void word(String word) {
            words.add(word);
            boolean candidate = depth == 0
                    && verb.isEmpty()
                    && (words.size() == 1 || words.get(0).equals("with"));
            if (candidate && !BEFORE_NAMES.contains(before) && (CHANGES.contains(word) || READS.contains(word))) {
                verb = word;
            }
            changesInside |= depth > 0 && before.equals("(") && CHANGES.contains(word);
        }

        private void symbol(String symbol, int start) {
            depth += symbol.equals("(") ? 1 : symbol.equals(")") ? -1 : 0;
            if (symbol.equals("?")) {
                // Doubled, it is an operator.
                boolean second = parameterAt == start - 1 && parameterAt >= 0;
                parameters += second ? -1 : 1;
                parameterAt = second ? -1 : start;
                parameterAfterConflict |= words.contains("conflict");
            }
        }

        private static InvalidConfigurationException refused(String why) {
            return new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "the statement of the SQL batch " + why, null);
        }
    }
}
