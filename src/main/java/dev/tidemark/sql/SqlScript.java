package dev.tidemark.sql;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.plan.SqlScanner;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Splits the text of a job into statements, and refuses what a job must not contain. Pure. */
final class SqlScript {
    private final String sql;
    private final List<SqlStatement> statements = new ArrayList<>();

    // The current statement.
    private final StringBuilder text = new StringBuilder();
    private final List<String> head = new ArrayList<>();
    private final List<RecordsReference.Part> parts = new ArrayList<>();
    private int line;
    private int textStart;
    private int depth;
    private int insertAt;
    private boolean mentionsRecords;
    private boolean headIsOver;
    private boolean routine;

    private SqlScript(String sql) {
        this.sql = sql;
    }

    /** The statements in their order, at least one; anything that is not a valid job is refused (TM-103). */
    static List<SqlStatement> parse(String sql) {
        return new SqlScript(sql).parse();
    }

    private List<SqlStatement> parse() {
        SqlScanner scanner = new SqlScanner(sql);
        while (!scanner.atEnd()) {
            SqlScanner.Token token = scanner.next();
            String word = scanner.text();
            if (line == 0 && token != SqlScanner.Token.SPACE && !word.equals(";")) {
                line = lineOf(scanner.start());
            }
            if (token != SqlScanner.Token.SPACE) {
                parts.add(RecordsReference.Part.of(token, word));
            }
            switch (token) {
                // Comments too: some are hints for the planner.
                case SPACE -> text.append(word);
                case WORD -> word(word);
                case QUOTED_NAME -> {
                    begin();
                    headIsOver = true;
                    mentionsRecords |= word.equals("\"records\"");
                    text.append(word);
                }
                case LITERAL -> {
                    begin();
                    headIsOver = true;
                    text.append(word);
                }
                case PARAMETER ->
                    throw refused(
                            lineOf(scanner.start()),
                            "contains the parameter " + word
                                    + ", for which there is no value: a job reads only records");
                case OPEN_END -> throw refused(lineOf(scanner.start()), "starts an unterminated quote or comment");
                case SYMBOL -> symbol(scanner.start(), word);
            }
        }
        finish();
        if (statements.isEmpty()) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "the SQL job contains no statement", null);
        }
        return List.copyOf(statements);
    }

    private void begin() {
        if (head.isEmpty() && !headIsOver) {
            insertAt = text.length();
        }
    }

    private void word(String word) {
        begin();
        text.append(word);
        String lower = word.toLowerCase(Locale.ROOT);
        mentionsRecords |= lower.equals("records");
        bodyOfRoutine(lower);
        if (!headIsOver) {
            head.add(lower);
            if (head.equals(List.of("with")) || head.equals(List.of("with", "recursive"))) {
                insertAt = text.length();
            }
            headIsOver = head.size() == 3;
        }
    }

    /** The body of a routine between BEGIN ATOMIC and END contains its own statements; CASE ends with END, too. */
    private void bodyOfRoutine(String word) {
        boolean begins = word.equals("atomic")
                && wordBefore().equals("begin")
                && !head.isEmpty()
                && head.get(0).equals("create");
        if (begins || (routine && word.equals("case"))) {
            depth++;
        } else if (routine && word.equals("end")) {
            depth--;
        }
        routine = begins || (routine && depth > 0);
    }

    private String wordBefore() {
        return parts.size() < 2 ? "" : parts.get(parts.size() - 2).word();
    }

    /** Whether it declares a cursor that outlives the transaction. */
    private boolean holdsCursor() {
        for (int i = 1; i < parts.size(); i++) {
            if (parts.get(i).word().equals("hold") && parts.get(i - 1).word().equals("with")) {
                return !head.isEmpty() && head.get(0).equals("declare");
            }
        }
        return false;
    }

    /** Whether it may be a SELECT INTO; data-modifying statements have their INTO elsewhere. */
    private boolean createsTable() {
        for (int i = 1; i < parts.size(); i++) {
            if (parts.get(i).word().equals("into")) {
                String before = parts.get(i - 1).word();
                if (!before.equals("insert") && !before.equals("merge")) {
                    return true;
                }
            }
        }
        return false;
    }

    private void symbol(int place, String symbol) {
        if (symbol.equals(";") && depth == 0) {
            finish();
            textStart = place + 1;
            return;
        }
        begin();
        headIsOver = true;
        depth += symbol.equals("(") ? 1 : symbol.equals(")") ? -1 : 0;
        // The driver's sign for a parameter, doubled, means the operator.
        text.append(symbol.equals("?") ? "??" : symbol);
    }

    private void finish() {
        if (line > 0) {
            SqlStatement statement = new SqlStatement(
                    statements.size() + 1,
                    line,
                    text.toString().stripTrailing(),
                    List.copyOf(head),
                    insertAt,
                    mentionsRecords,
                    RecordsReference.find(parts),
                    holdsCursor(),
                    createsTable(),
                    new SqlStatement.Origin(sql, textStart));
            statement.refusal().ifPresent(why -> {
                throw refused(statement.line(), why);
            });
            statements.add(statement);
        }
        text.setLength(0);
        head.clear();
        parts.clear();
        routine = false;
        line = 0;
        depth = 0;
        insertAt = 0;
        mentionsRecords = false;
        headIsOver = false;
    }

    private int lineOf(int place) {
        return 1 + (int) sql.substring(0, place).chars().filter(c -> c == '\n').count();
    }

    private static InvalidConfigurationException refused(int line, String why) {
        return new InvalidConfigurationException(
                ErrorCode.INVALID_SETTING, "the SQL job, at line " + line + ", " + why, null);
    }
}
