package dev.tidemark.sql;

import dev.tidemark.internal.plan.SqlScanner;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Determines whether a statement reads the relation {@code records}, by the places where SQL accepts a relation: after FROM, JOIN, USING
 * and TABLE and after the commas of their lists. A column, an alias, a target, a function or a table of another schema of that name is
 * not the unit, and neither is a common table expression of that name. Used by one thread, once.
 */
final class RecordsReference {
    /**
     * A token of a statement other than space.
     *
     * @param word in lower case, as names are read; empty if it is not a keyword or plain identifier
     * @param text as it was written
     */
    record Part(String word, String text) {
        static Part of(SqlScanner.Token token, String text) {
            return new Part(token == SqlScanner.Token.WORD ? text.toLowerCase(Locale.ROOT) : "", text);
        }

        private boolean isRecords() {
            return word.equals("records") || text.equals("\"records\"");
        }
    }

    /** What a statement does with the name; {@code defines} if a common table expression of the whole statement has that name. */
    record Found(boolean reads, boolean defines) {}

    private static final Part NONE = new Part("", "");

    private static final Set<String> ENDS_OF_LISTS = Set.of(
            "where",
            "group",
            "order",
            "having",
            "limit",
            "offset",
            "fetch",
            "for",
            "window",
            "union",
            "intersect",
            "except",
            "select",
            "values",
            "set",
            "returning",
            "when");

    /** In their parentheses FROM is part of the call. */
    private static final Set<String> CALLS_WITH_FROM = Set.of("extract", "substring", "trim", "overlay");

    /** The state at one depth of parentheses. */
    private static final class Level {
        private final boolean callWithFrom;
        private boolean expectsRelation;
        private boolean inList;
        private boolean afterJoin;
        private boolean hidden;
        private int hiddenFrom = -1;

        Level(boolean expectsRelation, boolean callWithFrom) {
            this.expectsRelation = expectsRelation;
            this.inList = expectsRelation;
            this.callWithFrom = callWithFrom;
        }
    }

    private final List<Part> parts;
    private final Deque<Level> levels = new ArrayDeque<>();
    private boolean reads;
    private boolean defines;

    private RecordsReference(List<Part> parts) {
        this.parts = parts;
        levels.push(new Level(false, false));
    }

    static Found find(List<Part> statement) {
        RecordsReference reference = new RecordsReference(statement);
        for (int i = 0; i < statement.size(); i++) {
            reference.look(i);
        }
        return new Found(reference.reads, reference.defines);
    }

    private void look(int i) {
        Part part = parts.get(i);
        Level level = levels.element();
        if (part.isRecords()) {
            name(i, level);
        } else if (!part.word().isEmpty()) {
            word(i, level);
        } else {
            symbol(i, level);
        }
    }

    private void name(int i, Level level) {
        int body = definitionBody(i);
        if (body >= 0) {
            defines |= levels.size() == 1;
            level.hidden |= isRecursive(i);
            level.hiddenFrom = closing(body);
        } else if (level.expectsRelation
                && !at(i + 1).text().equals(".")
                && !at(i + 1).text().equals("(")
                && levels.stream().noneMatch(l -> l.hidden)) {
            reads = true;
        }
        level.expectsRelation = false;
    }

    private void word(int i, Level level) {
        String word = parts.get(i).word();
        switch (word) {
            case "from" -> {
                boolean comparison = at(i - 1).word().equals("distinct")
                        && Set.of("is", "not").contains(at(i - 2).word());
                boolean target = at(i - 1).word().equals("delete");
                level.expectsRelation = !level.callWithFrom && !comparison && !target;
                level.inList |= level.expectsRelation;
            }
            case "join" -> {
                level.expectsRelation = true;
                level.inList = true;
                level.afterJoin = true;
            }
            case "using" -> {
                boolean columns = level.afterJoin && at(i + 1).text().equals("(");
                level.expectsRelation = !columns;
                level.inList |= !columns;
                level.afterJoin = false;
            }
            case "on" -> {
                level.expectsRelation = false;
                level.afterJoin = false;
            }
            case "table" -> level.expectsRelation = true;
            case "lateral", "only" -> {}
            default -> {
                level.expectsRelation = false;
                level.inList &= !ENDS_OF_LISTS.contains(word);
            }
        }
    }

    private void symbol(int i, Level level) {
        switch (parts.get(i).text()) {
            case "(" -> {
                levels.push(new Level(
                        level.expectsRelation,
                        CALLS_WITH_FROM.contains(at(i - 1).word())));
                level.expectsRelation = false;
            }
            case ")" -> {
                if (levels.size() > 1) {
                    levels.pop();
                }
                Level outer = levels.element();
                outer.expectsRelation = false;
                outer.hidden |= outer.hiddenFrom == i;
            }
            case "," -> level.expectsRelation = level.inList;
            default -> level.expectsRelation = false;
        }
    }

    /** The opening parenthesis of the query of the common table expression with this name; negative if the name does not start one. */
    private int definitionBody(int i) {
        if (!Set.of("with", "recursive").contains(at(i - 1).word())
                && !at(i - 1).text().equals(",")) {
            return -1;
        }
        int next = at(i + 1).text().equals("(") ? closing(i + 1) + 1 : i + 1;
        if (!at(next).word().equals("as")) {
            return -1;
        }
        next++;
        while (Set.of("not", "materialized").contains(at(next).word())) {
            next++;
        }
        return at(next).text().equals("(") ? next : -1;
    }

    private boolean isRecursive(int i) {
        int depth = 0;
        for (int j = i - 1; j >= 0 && depth <= 0; j--) {
            depth += at(j).text().equals("(") ? 1 : at(j).text().equals(")") ? -1 : 0;
            if (depth == 0 && at(j).word().equals("with")) {
                return at(j + 1).word().equals("recursive");
            }
        }
        return false;
    }

    private int closing(int open) {
        int depth = 0;
        for (int j = open; j < parts.size(); j++) {
            depth += at(j).text().equals("(") ? 1 : at(j).text().equals(")") ? -1 : 0;
            if (depth == 0) {
                return j;
            }
        }
        return parts.size();
    }

    private Part at(int i) {
        return i >= 0 && i < parts.size() ? parts.get(i) : NONE;
    }
}
