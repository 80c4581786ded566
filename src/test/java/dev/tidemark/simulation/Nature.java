package dev.tidemark.simulation;

/** What is special about a record. */
enum Nature {
    HEALTHY(false),
    /** Adds to a row that others add to as well. */
    ADDS(false),
    DEADLOCKS_ONCE(false),
    FAILS_ONCE(false),
    BAD_DATA(true),
    BAD_SYNTAX(true),
    RAISES(true),
    THROWS(true),
    UNDECODABLE(true),
    /** Kills the process that handles it. */
    KILLS(true);

    /** Whether it fails by itself, whoever tries it. */
    final boolean bad;

    Nature(boolean bad) {
        this.bad = bad;
    }
}
