package dev.tidemark.internal.plan;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Recognizes SQL that would end the unit's transaction. */
public final class TransactionVerbs {
    private static final Pattern START = Pattern.compile(
            "^(?:\\s+|--[^\\n]*(?:\\n|$)|/\\*.*?\\*/|;)*([a-z]+)(?:\\s+(work|transaction))?(?:\\s+([a-z]+))?",
            Pattern.DOTALL | Pattern.CASE_INSENSITIVE);

    private TransactionVerbs() {}

    /**
     * Whether the first command of this text ends the transaction. Commands further on are not looked at: the transaction's id
     * shows them when the offset is about to advance.
     */
    public static boolean endsTransaction(String sql) {
        Matcher m = START.matcher(sql);
        if (!m.find()) {
            return false;
        }
        return switch (m.group(1).toLowerCase(Locale.ROOT)) {
            case "commit", "end", "abort" -> true;
            case "rollback" -> !"to".equalsIgnoreCase(m.group(3));
            case "prepare" -> "transaction".equalsIgnoreCase(m.group(2));
            default -> false;
        };
    }
}
