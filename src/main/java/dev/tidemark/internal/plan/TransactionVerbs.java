package dev.tidemark.internal.plan;

import dev.tidemark.internal.plan.SqlScanner.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Recognizes SQL that would end the unit's transaction. */
public final class TransactionVerbs {
    /** This many words determine what a command does to the transaction: {@code rollback work to}. */
    private static final int WORDS = 3;

    private TransactionVerbs() {}

    /**
     * Whether one of the commands of this text ends the transaction. What a function or procedure does is not examined: the server
     * refuses it, or the transaction's id reveals it when the offset is about to advance.
     */
    public static boolean endsTransaction(String sql) {
        SqlScanner scanner = new SqlScanner(sql);
        List<String> words = new ArrayList<>();
        String previous = "";
        while (!scanner.atEnd()) {
            Token token = scanner.next();
            if (token == Token.SPACE) {
                continue;
            }
            String word = token == Token.WORD || token == Token.SYMBOL
                    ? scanner.text().toLowerCase(Locale.ROOT)
                    : "";
            if (word.equals(";")) {
                if (isEnd(words)) {
                    return true;
                }
                words.clear();
            } else if (word.equals("atomic") && previous.equals("begin")) {
                // The body of a function, whose commands are its own.
                return false;
            } else if (words.size() < WORDS) {
                words.add(word);
            }
            previous = word;
        }
        return isEnd(words);
    }

    private static boolean isEnd(List<String> words) {
        return switch (word(words, 0)) {
            case "commit", "end", "abort" -> true;
            case "rollback" -> {
                boolean noise = word(words, 1).equals("work") || word(words, 1).equals("transaction");
                yield !word(words, noise ? 2 : 1).equals("to");
            }
            case "prepare" -> word(words, 1).equals("transaction");
            default -> false;
        };
    }

    private static String word(List<String> words, int index) {
        return index < words.size() ? words.get(index) : "";
    }
}
