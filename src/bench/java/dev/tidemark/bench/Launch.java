package dev.tidemark.bench;

/**
 * How a contender's process is started.
 *
 * @param main its main class
 * @param project the folder below src/bench/contenders whose class path it gets; empty for one that needs nothing but the clients;
 *     {@link #TIDEMARK} for Tidemark and its dependencies
 */
record Launch(String main, String project) {
    static final String TIDEMARK = "tidemark";

    /** A contender on the bare clients. */
    static Launch plain(Class<?> main) {
        return new Launch(main.getName(), "");
    }
}
