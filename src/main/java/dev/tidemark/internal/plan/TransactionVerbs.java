package dev.tidemark.internal.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Recognizes SQL that would end the unit's transaction. */
public final class TransactionVerbs {
    /** So many words tell what a statement does to the transaction: {@code rollback work to}. */
    private static final int WORDS = 3;

    private final String sql;
    private final List<String> words = new ArrayList<>();
    private String previous = "";
    private int at;

    private TransactionVerbs(String sql) {
        this.sql = sql;
    }

    /**
     * Whether one of the commands of this text ends the transaction. What a function or procedure does is not looked at: the server
     * refuses it, or the transaction's id shows it when the offset is about to advance.
     */
    public static boolean endsTransaction(String sql) {
        return new TransactionVerbs(sql).ends();
    }

    private boolean ends() {
        while (at < sql.length()) {
            char c = sql.charAt(at);
            if (c == ';') {
                if (isEnd()) {
                    return true;
                }
                words.clear();
                at++;
            } else if (sql.startsWith("--", at)) {
                at = after("\n", at);
            } else if (sql.startsWith("/*", at)) {
                skipComment();
            } else if (c == '\'' || c == '"') {
                skipQuoted(c);
            } else if (c == '$') {
                skipDollarQuoted();
            } else if (Character.isLetter(c) || c == '_') {
                word();
            } else {
                other(!Character.isWhitespace(c));
            }
        }
        return isEnd();
    }

    private boolean isEnd() {
        return switch (word(0)) {
            case "commit", "end", "abort" -> true;
            case "rollback" -> {
                boolean noise = word(1).equals("work") || word(1).equals("transaction");
                yield !word(noise ? 2 : 1).equals("to");
            }
            case "prepare" -> word(1).equals("transaction");
            default -> false;
        };
    }

    private String word(int index) {
        return index < words.size() ? words.get(index) : "";
    }

    private void word() {
        int begin = at;
        while (at < sql.length() && (Character.isLetterOrDigit(sql.charAt(at)) || "_$".indexOf(sql.charAt(at)) >= 0)) {
            at++;
        }
        String word = sql.substring(begin, at);
        if (word.equalsIgnoreCase("atomic") && previous.equalsIgnoreCase("begin")) {
            // The body of a function, whose statements are its own.
            at = sql.length();
        }
        previous = word;
        boolean escapes = word.equalsIgnoreCase("e") && at < sql.length() && sql.charAt(at) == '\'';
        if (escapes) {
            skipEscaped();
        }
        add(word.toLowerCase(Locale.ROOT));
    }

    private void other(boolean counts) {
        at++;
        if (counts) {
            add("");
        }
    }

    private void add(String word) {
        if (words.size() < WORDS) {
            words.add(word);
        }
    }

    /** Comments nest. */
    private void skipComment() {
        int depth = 0;
        do {
            if (sql.startsWith("/*", at)) {
                depth++;
                at += 2;
            } else if (sql.startsWith("*/", at)) {
                depth--;
                at += 2;
            } else {
                at++;
            }
        } while (depth > 0 && at < sql.length());
    }

    private void skipQuoted(char quote) {
        at = after(String.valueOf(quote), at + 1);
        add("");
    }

    private void skipEscaped() {
        at++;
        while (at < sql.length() && sql.charAt(at) != '\'') {
            at += sql.charAt(at) == '\\' ? 2 : 1;
        }
        at++;
    }

    private void skipDollarQuoted() {
        int end = at + 1;
        while (end < sql.length() && (Character.isLetterOrDigit(sql.charAt(end)) || sql.charAt(end) == '_')) {
            end++;
        }
        boolean tag = end < sql.length() && sql.charAt(end) == '$';
        at = tag ? after(sql.substring(at, end + 1), end + 1) : at + 1;
        add("");
    }

    /** Behind the next occurrence of this text, or the end. */
    private int after(String text, int from) {
        int found = sql.indexOf(text, from);
        return found < 0 ? sql.length() : found + text.length();
    }
}
