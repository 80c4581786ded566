package dev.tidemark.bench;

/** What becomes of a record when a process is killed, or stopped and woken too late. */
final class Guarantee {
    private Guarantee() {}

    static String of(String contender) {
        if (contender.startsWith("tidemark")) {
            return "exactly-once, fenced";
        }
        if (contender.startsWith("limit")) {
            return "none";
        }
        // Their offsets move in the same transaction, but nothing keeps a process out that is no longer the owner.
        if (contender.startsWith("textbook") || contender.startsWith("diligent") || contender.contains("inbox")) {
            return "effectively-once";
        }
        return "at-least-once";
    }
}
