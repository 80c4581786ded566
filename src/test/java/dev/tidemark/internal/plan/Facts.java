package dev.tidemark.internal.plan;

import org.jspecify.annotations.Nullable;

/** Makes facts of failures for tests. */
final class Facts {
    private Facts() {}

    /** The driver's or the pool's own error. */
    static SqlFacts ofDriver(@Nullable String state, boolean transientByType, boolean lost) {
        boolean passing = state != null && SqlFacts.isPassing(state, false);
        return new SqlFacts(
                state,
                true,
                transientByType,
                lost,
                false,
                passing,
                false,
                false,
                false,
                false,
                false,
                String.valueOf(state));
    }

    /** An error that the server sent. */
    static SqlFacts ofServer(String state) {
        boolean passing = SqlFacts.isPassing(state, true);
        boolean lost = state.startsWith("57P0");
        return new SqlFacts(state, true, false, lost, true, passing, false, false, false, false, false, state);
    }

    /** An error that the server sent for what a statement asked of it, or for a shortage. */
    static SqlFacts ofShortage(String state) {
        return new SqlFacts(state, true, false, false, true, true, false, false, false, true, true, state);
    }

    /** An exception that has nothing to do with the database. */
    static SqlFacts of(String kind) {
        return new SqlFacts(null, false, false, false, false, false, false, false, false, false, false, kind);
    }

    /** Something that is unavailable for now. */
    static SqlFacts passing() {
        return new SqlFacts(
                null, false, false, false, false, true, false, false, false, false, false, "a.b.RetriableException");
    }

    /** A class that is missing. */
    static SqlFacts linkage() {
        return new SqlFacts(
                null,
                false,
                false,
                false,
                false,
                false,
                true,
                false,
                false,
                false,
                false,
                "java.lang.NoClassDefFoundError");
    }

    /** What the server has no room for. */
    static SqlFacts ofSchema(String state) {
        return new SqlFacts(state, true, false, false, true, false, false, false, true, false, false, state);
    }

    /** A statement that DDL has made stale. */
    static SqlFacts stalePlan() {
        return new SqlFacts("0A000", true, false, false, true, false, false, true, false, false, false, "0A000");
    }
}
