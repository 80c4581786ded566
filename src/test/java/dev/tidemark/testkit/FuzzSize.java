package dev.tidemark.testkit;

/** How many cases a fuzz tries: few with the suite, as many as {@code -Dtidemark.test.fuzz} says otherwise. */
public final class FuzzSize {
    private FuzzSize() {}

    public static int orElse(int inTheSuite) {
        return Integer.getInteger("tidemark.test.fuzz", inTheSuite);
    }
}
