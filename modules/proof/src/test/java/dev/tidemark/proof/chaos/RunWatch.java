package dev.tidemark.proof.chaos;

import dev.tidemark.proof.check.Finding;
import java.util.List;

/** Looks at a run while it goes on, and says when it has lasted long enough. */
interface RunWatch {
    /** Ends after so many injections, and looks at nothing. */
    static RunWatch counting(int injections) {
        return done -> done < injections;
    }

    /** Whether there is to be another injection after so many. */
    boolean goesOn(int done);

    /** The group works. */
    default void started(World world) {}

    /** There are no more injections, and the group still runs. */
    default void ending() {}

    /** What was found by looking. */
    default List<Finding> findings() {
        return List.of();
    }
}
