package dev.tidemark.internal.run;

import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.store.failure.FailureWords;

/** Errors as shown to users. */
public final class Problems {
    private Problems() {}

    /** An error, and what its cause says as far as that contains no data. */
    public static Problem of(TidemarkException error) {
        Throwable cause = error.getCause();
        Problem problem = error.problem();
        return cause == null
                ? problem
                : new Problem(problem.code(), problem.message() + " (" + FailureWords.describe(cause) + ")");
    }
}
