package dev.tidemark.internal.plan;

/**
 * Finds the words of SQL, by the rules of PostgreSQL's scanner under {@code standard_conforming_strings}: quotes, dollar quotes and
 * comments, which nest, are skipped. Used by one thread, once.
 */
public final class SqlScanner {
    /** The kind of token at a position of the text. */
    public enum Token {
        /** Blanks and comments. */
        SPACE,
        /** A keyword or a plain identifier. */
        WORD,
        /** An identifier in double quotes. */
        QUOTED_NAME,
        /** A string or a number. */
        LITERAL,
        /** {@code $1} and the like. */
        PARAMETER,
        /** Any other character, alone. */
        SYMBOL,
        /** A quote or a comment that does not end. */
        OPEN_END
    }

    private final String sql;
    private int start;
    private int end;

    /** Starts at the beginning of this text. */
    public SqlScanner(String sql) {
        this.sql = sql;
    }

    /** The text of a file without the byte order mark that some editors write in front of it, and the server does not skip. */
    public static String withoutMark(String text) {
        return text.startsWith("\ufeff") ? text.substring(1) : text;
    }

    /** Advances to the next token; the scanner must not be {@link #atEnd}. */
    public Token next() {
        start = end;
        char c = sql.charAt(end);
        if (isSpace(c)) {
            while (!atEnd() && isSpace(sql.charAt(end))) {
                end++;
            }
            return Token.SPACE;
        }
        if (sql.startsWith("--", end)) {
            while (!atEnd() && !isLineBreak(sql.charAt(end))) {
                end++;
            }
            return Token.SPACE;
        }
        if (sql.startsWith("/*", end)) {
            return comment();
        }
        if (isNameStart(c)) {
            return word();
        }
        if (isDigit(c)) {
            while (!atEnd() && (isNamePart(sql.charAt(end)) || sql.charAt(end) == '.')) {
                end++;
            }
            return Token.LITERAL;
        }
        return switch (c) {
            case '\'' -> quoted('\'', false) ? Token.LITERAL : Token.OPEN_END;
            case '"' -> quoted('"', false) ? Token.QUOTED_NAME : Token.OPEN_END;
            case '$' -> dollar();
            default -> {
                end++;
                yield Token.SYMBOL;
            }
        };
    }

    /** Whether no token is left. */
    public boolean atEnd() {
        return end == sql.length();
    }

    /** Where the token begins. */
    public int start() {
        return start;
    }

    /** The token as it was written. */
    public String text() {
        return sql.substring(start, end);
    }

    private Token comment() {
        int depth = 0;
        do {
            if (sql.startsWith("/*", end)) {
                depth++;
                end += 2;
            } else if (sql.startsWith("*/", end)) {
                depth--;
                end += 2;
            } else if (atEnd()) {
                return Token.OPEN_END;
            } else {
                end++;
            }
        } while (depth > 0);
        return Token.SPACE;
    }

    private Token word() {
        while (!atEnd() && isNamePart(sql.charAt(end))) {
            end++;
        }
        boolean escapes = end - start == 1 && (sql.charAt(start) == 'e' || sql.charAt(start) == 'E');
        if (!escapes || atEnd() || sql.charAt(end) != '\'') {
            return Token.WORD;
        }
        while (quoted('\'', true)) {
            int next = continuation();
            if (next < 0) {
                return Token.LITERAL;
            }
            end = next;
        }
        return Token.OPEN_END;
    }

    /**
     * Where a string on another line continues this one, and so has its escapes: only blanks and comments that begin with dashes may
     * be in between, and a line break must be; -1 if there is none.
     */
    private int continuation() {
        boolean broken = false;
        int at = end;
        while (at < sql.length()) {
            char c = sql.charAt(at);
            if (c == '\'') {
                return broken ? at : -1;
            }
            if (sql.startsWith("--", at)) {
                while (at < sql.length() && !isLineBreak(sql.charAt(at))) {
                    at++;
                }
            } else if (isSpace(c)) {
                broken |= isLineBreak(c);
                at++;
            } else {
                return -1;
            }
        }
        return -1;
    }

    /** A doubled quote ends one string and begins another, with the same result. */
    private boolean quoted(char quote, boolean escapes) {
        end++;
        while (!atEnd()) {
            char c = sql.charAt(end++);
            if (c == quote) {
                return true;
            }
            if (c == '\\' && escapes && !atEnd()) {
                end++;
            }
        }
        return false;
    }

    private Token dollar() {
        int tagEnd = end + 1;
        if (tagEnd < sql.length() && isDigit(sql.charAt(tagEnd))) {
            end = tagEnd;
            while (!atEnd() && isDigit(sql.charAt(end))) {
                end++;
            }
            return Token.PARAMETER;
        }
        while (tagEnd < sql.length() && isNamePart(sql.charAt(tagEnd)) && sql.charAt(tagEnd) != '$') {
            tagEnd++;
        }
        if (tagEnd == sql.length() || sql.charAt(tagEnd) != '$') {
            end++;
            return Token.SYMBOL;
        }
        String tag = sql.substring(end, tagEnd + 1);
        int close = sql.indexOf(tag, tagEnd + 1);
        end = close < 0 ? sql.length() : close + tag.length();
        return close < 0 ? Token.OPEN_END : Token.LITERAL;
    }

    private static boolean isLineBreak(char c) {
        return c == '\n' || c == '\r';
    }

    private static boolean isSpace(char c) {
        return " \t\n\r\f\u000b".indexOf(c) >= 0;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isNameStart(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    }

    private static boolean isNamePart(char c) {
        return isNameStart(c) || isDigit(c) || c == '$';
    }
}
